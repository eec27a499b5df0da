/** Runs while there is not memory enough for all of them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Etag } from '../../../src/base/types.ts'
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
  assert.deepEqual([on.budget.reservedBytes, on.clock.waiting], [0, 0])
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
  for (const slices of [4, 2]) {
    on.budget.reserve('other', slices * sliceBytes, new AbortController().signal, () => undefined)
  }
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

test('a run that would pause while others wait for a connection gives it back at once, and keeps what it has read', async () => {
  const on = stage(10)
  const run = started(on, 'one', 9)
  on.origin.waiting = 1
  await read(run, 0, 9)
  await quiet()
  assert.deepEqual([on.origin.requests, on.origin.openBodies, on.budget.reservedBytes], [1, 0, 4 * sliceBytes])
  assert.deepEqual(
    [1, 2].map((index) => run.covers(index)),
    [true, true],
  )
  run.detach()
  await run.ended
  assert.deepEqual([on.budget.reservedBytes, on.clock.waiting], [0, 0])
})

test('a run without a connection asks again when nothing is left of what it has read, for as much as it may keep', async () => {
  const on = stage(10)
  const run = started(on, 'one', 9)
  on.origin.waiting = 1
  await read(run, 0, 9)
  await quiet()
  await read(run, 1, 9)
  await quiet()
  const before = on.origin.bytesSent
  assert.equal(on.origin.requests, 1)
  await read(run, 2, 9)
  await quiet()
  assert.deepEqual([on.origin.requests, on.origin.bytesSent - before, on.origin.openBodies], [2, 2 * sliceBytes, 0])
  run.detach()
  await run.ended
})

test('a run without a connection gives its memory to those who wait for that, and after a second to anybody', async () => {
  const on = stage(10, {}, forTwo())
  const run = started(on, 'one', 9)
  on.origin.waiting = 1
  await read(run, 0, 9)
  await quiet()
  const { signal } = new AbortController()
  const reserved = [1, 2].map(() => on.budget.reserve('b', 4 * sliceBytes, signal, () => undefined))
  const unreserve = await Promise.all(reserved)
  assert.equal(run.covers(1), false)
  for (const each of unreserve) each()

  const other = started(on, 'two', 9)
  await read(other, 0, 9)
  await quiet()
  assert.deepEqual([on.budget.reservedBytes, other.covers(1)], [4 * sliceBytes, true])
  await on.clock.advance(1000)
  await quiet()
  assert.deepEqual([on.budget.reservedBytes, other.covers(1)], [0, false])
  for (const each of [run, other]) each.detach()
  await Promise.all([run.ended, other.ended])
})

test('a run asks for all there is when nobody has waited for five seconds', async () => {
  const on = stage(30)
  const run = started(on, 'one', 29)
  on.origin.waiting = 1
  await read(run, 0, 29)
  await quiet()
  on.origin.waiting = 0
  await on.clock.advance(4999)
  await read(run, 3, 29)
  await quiet()
  assert.deepEqual([on.origin.requests, on.origin.openBodies], [2, 0])
  await on.clock.advance(1)
  for (let index = 4; index < 30; index += 1) await read(run, index, 29)
  assert.equal(on.origin.requests, 3)
  run.detach()
  await run.ended
})

test('where more than an eighth of the memory is taken, a run makes do with half as much, and reads one slice ahead', async () => {
  const on = stage(10, {}, new FillBudget(8 * sliceBytes, []))
  on.budget.reserve('other', sliceBytes + 1, new AbortController().signal, () => undefined)
  const before = on.budget.reservedBytes
  const run = started(on, 'one', 9)
  await read(run, 0, 9)
  await quiet()
  assert.deepEqual(
    [on.budget.reservedBytes - before, await on.store.has(new CacheKey('b', 'one').sliceId(1))],
    [2 * sliceBytes, true],
  )
  assert.equal(await on.store.has(new CacheKey('b', 'one').sliceId(2)), false)
  await read(run, 1, 9)
  assert.equal(run.covers(0), false)
  run.detach()
  await run.ended
})

test('while others wait, a run asks for what it will fill in its turn, and none of it is lost', async () => {
  const on = stage(30)
  const run = started(on, 'one', 29)
  await read(run, 0, 29)
  await quiet()
  await on.clock.advance(1000) // parked
  await quiet()
  const before = on.origin.bytesSent
  on.origin.waiting = 1
  await read(run, 3, 29)
  await quiet()
  assert.deepEqual([on.origin.requests, on.origin.bytesSent - before, on.origin.openBodies], [2, 3 * sliceBytes, 0])
  await Promise.all(Array.from({ length: 24 }, (_, index) => read(run, 6 + index, 29)))
  assert.deepEqual([on.origin.requests, on.origin.bytesSent - before], [5, 27 * sliceBytes])
  run.detach()
  await run.ended
})

test('a turn that the origin ends too soon is a truncated body', async () => {
  const on = stage(30)
  const body = new HandBody()
  const run = started(on, 'one', 29)
  await read(run, 0, 29)
  await quiet()
  await on.clock.advance(1000) // parked
  await quiet()
  on.origin.waiting = 1
  on.origin.ask = async () => ({
    ...{ kind: 'object', start: 3 * sliceBytes, body },
    head: { ...on.head, receivedAt: on.head.requestedAt },
  })
  const next = read(run, 3, 29)
  body.push(on.origin.bytes(3 * sliceBytes, 4 * sliceBytes))
  await next
  const cut = read(run, 4, 29)
  body.end()
  await assert.rejects(cut, { code: 'OriginTruncated' })
  run.detach()
})

test('a run that never pauses gives its connection to others after eight slices', async () => {
  const on = stage(30)
  const run = started(on, 'one', 29)
  on.origin.waiting = 1
  await Promise.all(Array.from({ length: 30 }, (_, index) => read(run, index, 29)))
  assert.equal(on.origin.requests, 4)
  run.detach()
  await run.ended
})

test('a run that has to wait lets a long answer go at once, and asks again when it has memory', async () => {
  const on = stage(700, {}, forTwo())
  const unreserve = takeAll(on)
  const body = new HandBody()
  const run = new SliceRun({ ...on.spec(0, 699), opened: { body, start: 0 } }, on)
  run.attach()
  const first = read(run, 0, 699)
  await quiet()
  assert.deepEqual([on.budget.waiting, body.isCancelled, on.origin.requests], [1, true, 0])
  unreserve()
  assert.deepEqual(await first, Buffer.from(on.origin.bytes(0, sliceBytes)))
  assert.equal(on.origin.requests, 1)
  run.detach()
  await run.ended
})

const kept = [
  { what: 'that comes in whole by itself', slices: 10, changes: {} },
  { what: 'that has no tag of its own to be asked for again by', slices: 700, changes: { etag: '~1 2' as Etag } },
  { what: 'that is none of 200', slices: 700, changes: { status: 410 } },
]

for (const { what, slices, changes } of kept) {
  test(`a run that has to wait keeps an answer ${what}`, async () => {
    const on = stage(slices, {}, forTwo())
    const unreserve = takeAll(on)
    const body = new HandBody()
    const spec = on.spec(0, 0)
    const run = new SliceRun({ ...spec, head: { ...spec.head, ...changes }, opened: { body, start: 0 } }, on)
    run.attach()
    const first = read(run, 0)
    await quiet()
    assert.deepEqual([on.budget.waiting, body.isCancelled], [1, false])
    unreserve()
    body.push(on.origin.bytes(0, sliceBytes))
    assert.deepEqual(await first, Buffer.from(on.origin.bytes(0, sliceBytes)))
    assert.equal(on.origin.requests, 0)
    run.detach()
    await run.ended
  })
}
