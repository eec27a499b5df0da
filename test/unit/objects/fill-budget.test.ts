import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Abandoned } from '../../../src/base/errors.ts'
import { FillBudget, type Unreserve } from '../../../src/objects/fill-budget.ts'
import { fc } from '../../support/fast-check.ts'

/** Of 20 bytes; names begin with that of their bucket. One bucket: all but what is promised to it is common. */
function stage(maxBytes = 20, buckets = ['a']) {
  const budget = new FillBudget(maxBytes, buckets)
  const granted: string[] = []
  const pressed: string[] = []
  const held = new Map<string, Unreserve>()
  const ask = async (name: string, bytes: number, signal = new AbortController().signal): Promise<void> => {
    const unreserve = await budget.reserve(name.charAt(0), bytes, signal, () => pressed.push(name))
    granted.push(name)
    held.set(name, unreserve)
  }
  const give = async (name: string) => {
    const unreserve = held.get(name)
    assert.ok(unreserve, `${name} was granted nothing`)
    unreserve()
    await turn()
  }
  return { budget, granted, pressed, ask, give }
}

test('those who find too little wait in order of arrival, also those who need less than the first', async () => {
  const { budget, granted, ask, give } = stage()
  for (const [name, bytes] of [
    ['a1', 10],
    ['a2', 5],
    ['a3', 6],
    ['a4', 1],
  ] as const)
    void ask(name, bytes)
  await turn()
  assert.deepEqual([granted, budget.reservedBytes, budget.waiting], [['a1', 'a2'], 15, 2])
  await give('a1')
  assert.deepEqual([granted, budget.reservedBytes, budget.waiting], [['a1', 'a2', 'a3', 'a4'], 12, 0])
})

test('nobody is given what is promised to another bucket', async () => {
  const { granted, ask } = stage(20, ['a', 'b'])
  for (const name of ['a1', 'a2', 'a3', 'a4']) void ask(name, 5)
  await turn()
  assert.deepEqual(granted, ['a1', 'a2', 'a3'])
  await ask('b1', 5)
  assert.deepEqual(granted, ['a1', 'a2', 'a3', 'b1'])
})

test('a bucket is given what is promised to it at once, though others wait', async () => {
  const { budget, ask } = stage(20, ['a', 'b'])
  for (const name of ['a1', 'a2', 'a3', 'a4']) void ask(name, 5)
  await turn()
  const asked = budget.reserve('b', 5, new AbortController().signal, () => undefined)
  assert.deepEqual([asked instanceof Promise, budget.waiting], [false, 1])
})

test('what one gives back goes to the buckets in turn', async () => {
  const { granted, ask, give } = stage(20, [])
  void ask('a1', 10)
  void ask('a2', 10)
  for (const name of ['a3', 'a4', 'b1', 'b2']) void ask(name, 10)
  await turn()
  await give('a1')
  await give('a2')
  assert.deepEqual(granted, ['a1', 'a2', 'a3', 'b1'])
  await give('a3')
  await give('b1')
  assert.deepEqual(granted, ['a1', 'a2', 'a3', 'b1', 'a4', 'b2'])
})

test('those who begin come before those who go on, every other time', async () => {
  const { budget } = stage(20, [])
  const { signal } = new AbortController()
  const granted: string[] = []
  const held: Unreserve[] = []
  const ask = async (name: string, isGoingOn: boolean) => {
    const unreserve = await budget.reserve('a', 10, signal, () => undefined, isGoingOn)
    granted.push(name)
    held.push(unreserve)
  }
  for (const name of ['first', 'second', 'on 1', 'on 2', 'on 3']) void ask(name, true)
  for (const name of ['new 1', 'new 2']) void ask(name, false)
  for (let given = 0; given < 5; given += 1) {
    await turn()
    held[given]?.()
  }
  await turn()
  assert.deepEqual(granted.slice(2), ['new 1', 'on 1', 'new 2', 'on 2', 'on 3'])
})

test('a bucket that needs more than is free is not passed over for ever', async () => {
  const { granted, ask, give } = stage(20, [])
  const asked = [
    ['b1', 10],
    ['b2', 4],
    ['a1', 10],
    ['b3', 4],
  ] as const
  for (const [name, bytes] of asked) void ask(name, bytes)
  await turn()
  await give('b2')
  void ask('b4', 1)
  await turn()
  assert.deepEqual(granted, ['b1', 'b2', 'b3'])
  await give('b3')
  assert.deepEqual(granted, ['b1', 'b2', 'b3', 'a1'])
})

test('what is given back twice is given back once', async () => {
  const { budget, ask, give } = stage()
  await ask('a1', 4)
  await ask('a2', 4)
  await give('a1')
  await give('a1')
  assert.equal(budget.reservedBytes, 4)
})

test('nobody holds more than half of it', async () => {
  const { budget, ask } = stage()
  await ask('a1', 1000)
  assert.equal(budget.reservedBytes, 10)
})

test('whoever holds some hears that somebody begins to wait', async () => {
  const { pressed, ask, give } = stage()
  void ask('a1', 10)
  void ask('a2', 10)
  await turn()
  assert.deepEqual(pressed, [])
  void ask('a3', 10)
  void ask('a4', 10)
  assert.deepEqual(pressed, ['a1', 'a2'])
  await give('a1')
  await give('a2')
  void ask('a5', 1)
  assert.deepEqual(pressed, ['a1', 'a2', 'a3', 'a4'])
})

test('whoever leaves lets those behind go on', async () => {
  const { budget, granted, ask } = stage()
  const leaving = new AbortController()
  void ask('a1', 10)
  void ask('a2', 6)
  const left = assert.rejects(ask('a3', 6, leaving.signal), Abandoned)
  void ask('a4', 4)
  await turn()
  leaving.abort(new Abandoned('nobody waits'))
  await left
  await turn()
  assert.deepEqual([granted, budget.reservedBytes, budget.waiting], [['a1', 'a2', 'a4'], 20, 0])
})

test('nobody listens to the signal of one that was granted its part', async () => {
  const { ask, give } = stage()
  const { signal } = new AbortController()
  await ask('a1', 10)
  await ask('a2', 10)
  const waiting = ask('a3', 1, signal)
  await give('a1')
  await waiting
  assert.equal(getEventListeners(signal, 'abort').length, 0)
})

test('whoever has left already is never in line', async () => {
  const { budget, ask } = stage()
  await ask('a1', 10)
  await ask('a2', 10)
  await assert.rejects(ask('a3', 1, AbortSignal.abort(new Abandoned('gone'))), Abandoned)
  assert.deepEqual([budget.reservedBytes, budget.waiting], [20, 0])
})

test('more of it, shared by others, holds from then on', async () => {
  const { budget, granted, ask, give } = stage(20, ['a', 'b'])
  for (const name of ['a1', 'a2', 'a3', 'a4']) void ask(name, 5)
  await turn()
  assert.equal(budget.waiting, 1)
  budget.adjust(20, ['c'])
  await turn()
  assert.equal(budget.waiting, 1)
  budget.adjust(40, ['c'])
  await turn()
  assert.deepEqual(granted, ['a1', 'a2', 'a3', 'a4'])
  for (const name of granted.slice()) await give(name)
  assert.equal(budget.reservedBytes, 0)
})

type Step = readonly ['ask' | 'give' | 'leave', string, number]

/** Everybody who was granted some gives it back in the end. Returns what came of it. */
async function play(steps: readonly Step[]) {
  const budget = new FillBudget(20, ['a', 'b'])
  const held: Unreserve[] = []
  const clients: AbortController[] = []
  let [settled, most] = [0, 0]
  const ask = async (bucket: string, bytes: number): Promise<void> => {
    const client = new AbortController()
    clients.push(client)
    try {
      held.push(await budget.reserve(bucket, bytes, client.signal, () => undefined))
    } catch {
      // It has left.
    }
    settled++
  }
  for (const [kind, bucket, n] of steps) {
    if (kind === 'give') held.shift()?.()
    else if (kind === 'leave') clients[n]?.abort(new Abandoned('gone'))
    else void ask(bucket, n)
    await turn()
    most = Math.max(most, budget.reservedBytes)
  }
  for (let unreserve = held.shift(); unreserve !== undefined; unreserve = held.shift()) {
    unreserve()
    await turn()
  }
  return { most, left: budget.reservedBytes, waiting: budget.waiting, forgotten: clients.length - settled }
}

test('never is more reserved than there is, nobody is forgotten, and all of it comes back', async () => {
  const kind = fc.constantFrom('ask', 'ask', 'give', 'leave')
  const step = fc.tuple(kind, fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 1, max: 15 }))
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 50 }), async (steps) => {
      const { most, ...end } = await play(steps)
      assert.ok(most <= 20, `${most} bytes at once`)
      assert.deepEqual(end, { left: 0, waiting: 0, forgotten: 0 })
    }),
    { numRuns: 300 },
  )
})
