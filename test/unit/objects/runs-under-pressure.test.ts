/** Runs while there is not memory enough for all of them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CacheKey } from '../../../src/cache/cache-key.ts'
import { FillBudget, type Unreserve } from '../../../src/objects/fill-budget.ts'
import { SliceRun } from '../../../src/objects/slice-run.ts'
import { HandBody, quiet, read, sliceBytes, stage } from './rig.ts'

/** What one run reserves is 4 slices, so that two have room, and a third waits. */
const forTwo = () => new FillBudget(8 * sliceBytes, ['b'])

function started(on: ReturnType<typeof stage>, name: string, last: number): SliceRun {
  const run = new SliceRun({ ...on.spec(0, last), key: new CacheKey('b', name) }, on)
  run.attach()
  return run
}

/** Takes all there is. */
function takeAll({ budget }: ReturnType<typeof stage>): Unreserve {
  const halves = [1, 2].map(() => budget.reserve('b', budget.maxBytes, new AbortController().signal, () => undefined))
  return () => {
    for (const half of halves) if (!(half instanceof Promise)) half()
  }
}

test('a run that finds no memory asks nothing of the origin until it has some', async () => {
  const on = stage(10, {}, forTwo())
  const unreserve = takeAll(on)
  const run = started(on, 'one', 9)
  const first = read(run, 0, 9)
  await quiet()
  assert.deepEqual([on.origin.requests, on.budget.waiting], [0, 1])
  unreserve()
  await first
  assert.deepEqual([on.origin.requests, on.budget.waiting], [1, 0])
  run.detach()
  await run.ended
  assert.equal(on.budget.reservedBytes, 0)
})

test('a paused run makes room at once when another waits, and goes on by itself when it is asked for more', async () => {
  const on = stage(10, {}, forTwo())
  const [first, second] = ['one', 'two'].map((name) => started(on, name, 9))
  assert.ok(first && second)
  await Promise.all([read(first, 0, 9), read(second, 0, 9)])
  await quiet()
  const third = started(on, 'three', 9)
  await quiet()
  assert.deepEqual([on.origin.requests, on.budget.waiting], [3, 0])
  for (let index = 3; index < 10; index += 1) {
    const bytes = await read(first, index, 9)
    assert.deepEqual(bytes, Buffer.from(on.origin.bytes(index * sliceBytes, (index + 1) * sliceBytes)))
  }
  for (const run of [first, second, third]) run.detach()
  await Promise.all([first.ended, second.ended, third.ended])
  assert.equal(on.budget.reservedBytes, 0)
})

test('a run that others wait for gives way after eight slices, and asks for the rest when its turn comes again', async () => {
  const on = stage(30, {}, new FillBudget(8 * sliceBytes, []))
  on.budget.reserve('other', 4 * sliceBytes, new AbortController().signal, () => undefined)
  const [first, second] = ['one', 'two'].map((name) => started(on, name, 29))
  assert.ok(first && second)
  const order: string[] = []
  const all = async (name: string, run: SliceRun) => {
    for (let index = 0; index < 30; index += 1) {
      const bytes = await read(run, index, 29)
      assert.deepEqual(bytes, Buffer.from(on.origin.bytes(index * sliceBytes, (index + 1) * sliceBytes)))
      order.push(name)
    }
  }
  await Promise.all([all('1', first), all('2', second)])
  assert.match(order.join(''), /^1{8}2{8}1{8}2{8}1{8}2{8}1{6}2{6}$/)
  assert.equal(on.origin.requests, 8)
})

test('a run whose last reader leaves while it waits is over, and lets go of the answer it was given', async () => {
  const on = stage(10, {}, forTwo())
  takeAll(on)
  const body = new HandBody()
  const run = new SliceRun({ ...on.spec(0, 9), opened: { body, start: 0 } }, on)
  run.attach()
  await quiet()
  assert.equal(on.budget.waiting, 1)
  run.detach()
  await run.ended
  assert.deepEqual([on.budget.waiting, body.isCancelled], [0, true])
})
