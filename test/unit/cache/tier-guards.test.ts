import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { RecordId } from '../../../src/base/types.ts'
import { everything } from '../../../src/cache/scope.ts'
import { type StoreEvents, TierUnavailable } from '../../../src/cache/tier.ts'
import { guarded, withDeadline } from '../../../src/cache/tier-guards.ts'
import { Barrier } from '../../support/barrier.ts'
import { idOf, objectOf } from '../../support/cache-records.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { faulty, type TierFaults } from '../../support/faulty-tier.ts'
import { memoryAs } from '../../support/memory-as.ts'
import { TierEventLog } from '../../support/tier-event-log.ts'

const a = idOf('a')
const record = objectOf('record')

function stage(faults: TierFaults = {}) {
  const clock = new FakeClock()
  const events = new TierEventLog()
  const worked: string[] = []
  const listening: StoreEvents = Object.assign(Object.create(events), {
    worked: (tier: string, operation: string, ms: number) => worked.push(`${tier} ${operation} ${ms}`),
  })
  const memory = memoryAs('disk', events)
  const inner = faulty(memory, faults)
  const tier = guarded(inner, 250, false, { clock, events: listening })
  return { clock, events, worked, memory, inner, tier }
}

test('an operation that takes too long rejects, and what it does behind takes effect', async () => {
  const hold = new Barrier()
  const { clock, inner, memory } = stage({ on: ['put'], hold })
  const tier = withDeadline(inner, 250, clock)
  const putting = assert.rejects(tier.put(a, record), /put took longer than 250 ms/)
  await hold.reached
  await clock.advance(249)
  assert.equal(clock.waiting, 1)
  await clock.advance(1)
  await putting
  hold.release()
  assert.deepEqual(await memory.get(a), record)
})

test('what is in time leaves no alarm behind, whether it works or fails', async () => {
  const { clock, tier, inner } = stage()
  await tier.put(a, record)
  assert.deepEqual(await tier.get(a), record)
  await inner.close()
  await assert.rejects(tier.get(a), /closed/)
  assert.equal(clock.waiting, 0)
})

test('a tier that hangs gathers no more than 32 operations, and is asked again when they have ended', async () => {
  const hold = new Barrier()
  const { clock, inner, memory } = stage({ on: ['put'], hold })
  const tier = withDeadline(inner, 250, clock)
  const stuck = Array.from({ length: 32 }, (_, index) => assert.rejects(tier.put(idOf(`${index}`), record)))
  await clock.advance(250)
  await Promise.all(stuck)
  await assert.rejects(tier.put(idOf('more'), record), /32 earlier operations have not ended yet/)
  assert.equal(await memory.has(idOf('more')), false)
  hold.release()
  await turn()
  await tier.put(idOf('more'), record)
  assert.equal(await memory.has(idOf('more')), true)
})

test('clearing takes as long as it takes', async () => {
  const hold = new Barrier()
  const { clock, tier } = stage({ on: ['clear'], hold })
  const clearing = tier.clear(everything)
  await hold.reached
  await clock.advance(60_000)
  hold.release()
  assert.deepEqual(await clearing, { entries: 0, bytes: 0 })
})

test('listing takes as long as it takes, a look does not', async () => {
  const hold = new Barrier()
  const { clock, tier, memory } = stage({ on: ['each', 'peek'], hold })
  await memory.put(a, record)
  const ids: RecordId[] = []
  const listing = tier.each(everything, ({ id }) => ids.push(id))
  const looking = assert.rejects(tier.peek(a), /peek took longer than 250 ms/)
  await hold.reached
  await clock.advance(60_000)
  await looking
  hold.release()
  await listing
  assert.deepEqual(ids, [a])
  assert.deepEqual((await tier.peek(a))?.head, (await memory.peek(a))?.head)
})

test('clearing tells of each record through all guards', async () => {
  const { tier, memory } = stage()
  await memory.put(a, record)
  const ids: RecordId[] = []
  await tier.clear(everything, (id) => ids.push(id))
  assert.deepEqual(ids, [a])
})

test('what worked is told with the time it took, and what failed is not', async () => {
  const clock = new FakeClock()
  const { worked, tier } = stage()
  assert.equal(await tier.get(a), undefined)
  await tier.put(a, record)
  await tier.has(a)
  await tier.remove(a)
  assert.deepEqual(worked, ['disk get 0', 'disk put 0', 'disk remove 0'])
  const slow = stage({ on: ['get'], delay: { ms: 20, clock } })
  const getting = slow.tier.get(a)
  await clock.untilWaiting(1)
  await slow.clock.advance(20)
  await clock.advance(20)
  await getting
  assert.deepEqual(slow.worked, ['disk get 20'])
  const failing = stage({ failEvery: 1 })
  await assert.rejects(failing.tier.get(a))
  assert.deepEqual(failing.worked, [])
})

test('a tier that goes on failing is left alone: reads miss at once, changes say so', async () => {
  const { tier, events } = stage({ failEvery: 1 })
  for (let time = 0; time < 5; time++) await assert.rejects(tier.get(a), /on purpose/)
  assert.equal(await tier.get(a), undefined)
  assert.equal(await tier.has(a), false)
  await assert.rejects(tier.remove(a), TierUnavailable)
  await assert.rejects(tier.clear(everything), TierUnavailable)
  await assert.rejects(
    tier.each(everything, () => undefined),
    TierUnavailable,
  )
  await assert.rejects(tier.peek(a), TierUnavailable)
  assert.deepEqual(events.lines, ['disk breaker get open'])
})

test('a tier that cannot be written to is still read', async () => {
  const { tier, memory, events } = stage({ on: ['put'], failEvery: 1 })
  await memory.put(a, record)
  for (let time = 0; time < 5; time++) await assert.rejects(tier.put(a, record), /on purpose/)
  await assert.rejects(tier.put(a, record), TierUnavailable)
  assert.deepEqual(await tier.get(a), record)
  assert.equal((await tier.remove(a)).entries, 1)
  assert.deepEqual(events.lines, ['disk breaker put open'])
})

test('one operation at its deadline is enough: nobody waits twice for a tier that hangs', async () => {
  const hold = new Barrier()
  const { tier, clock, events } = stage({ on: ['get'], hold })
  const waiting = assert.rejects(tier.get(a))
  await hold.reached
  await clock.advance(250)
  await waiting
  assert.equal(await tier.get(a), undefined)
  assert.deepEqual(events.lines, ['disk breaker get open'])
  hold.release()
})

/** A guarded tier that has the record at once, whatever becomes of what is asked otherwise. */
function hasty(faults: TierFaults) {
  const clock = new FakeClock()
  const events = new TierEventLog()
  const worked: string[] = []
  const listening: StoreEvents = Object.assign(Object.create(events), {
    worked: (tier: string, operation: string, ms: number) => worked.push(`${tier} ${operation} ${ms}`),
  })
  const getNow = (id: RecordId) => {
    if (id !== a) return undefined
    void clock.advance(3)
    return record
  }
  const inner = { ...faulty(memoryAs('disk', events), faults), getNow }
  return { clock, worked, tier: guarded(inner, 250, false, { clock, events: listening }) }
}

test('what is had at once is timed, counts as a success, and sets no alarm', async () => {
  const { clock, worked, tier } = hasty({ failEvery: 1 })
  for (let time = 0; time < 19; time++) {
    await assert.rejects(tier.get(a), /on purpose/)
    assert.equal(tier.getNow?.(a), record)
    assert.equal(tier.getNow?.(a), record)
  }
  assert.equal(tier.getNow?.(idOf('b')), undefined)
  assert.deepEqual(new Set(worked), new Set(['disk get 3']))
  assert.equal(worked.length, 38)
  assert.equal(clock.waiting, 0)
})

test('nothing is had at once from a tier that is left alone, until it has shown that it works', async () => {
  const { clock, tier } = hasty({ on: ['get'], failEvery: 1 })
  for (let time = 0; time < 5; time++) await assert.rejects(tier.get(a), /on purpose/)
  assert.equal(tier.getNow?.(a), undefined)
  await clock.advance(1000)
  assert.equal(tier.getNow?.(a), undefined)
  assert.equal(await tier.has(a), false)
  assert.equal(tier.getNow?.(a), undefined)
  assert.equal(await tier.has(a), false)
  assert.equal(tier.getNow?.(a), record)
})

test('nothing is had at once from a tier that hangs', async () => {
  const hold = new Barrier()
  const clock = new FakeClock()
  const memory = memoryAs('disk', new TierEventLog())
  const tier = withDeadline({ ...faulty(memory, { on: ['put'], hold }), getNow: () => record }, 250, clock)
  assert.equal(tier.getNow?.(a), record)
  const stuck = Array.from({ length: 32 }, (_, index) => assert.rejects(tier.put(idOf(`${index}`), record)))
  await clock.advance(250)
  await Promise.all(stuck)
  assert.equal(tier.getNow?.(a), undefined)
  hold.release()
})

test('a second later it is tried again, and used again when that works', async () => {
  const { tier, clock, memory, events } = stage({ on: ['put'], failEvery: 1 })
  const healing = stage({ on: ['has'], failEvery: 1 })
  for (let time = 0; time < 5; time++) await assert.rejects(healing.tier.has(a))
  await healing.memory.put(a, record)
  assert.equal(await healing.tier.get(a), undefined)
  await healing.clock.advance(1000)
  for (let time = 0; time < 3; time++) assert.deepEqual(await healing.tier.get(a), record)
  assert.deepEqual(healing.events.lines, [
    'disk breaker get open',
    'disk breaker get half-open',
    'disk breaker get closed',
  ])
  for (let time = 0; time < 5; time++) await assert.rejects(tier.put(a, record))
  await clock.advance(1000)
  await assert.rejects(tier.put(a, record), /on purpose/)
  await assert.rejects(tier.put(a, record), TierUnavailable)
  assert.equal(await memory.has(a), false)
  assert.deepEqual(events.lines.slice(1), ['disk breaker put half-open', 'disk breaker put open'])
})
