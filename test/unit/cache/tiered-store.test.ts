import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryTier } from '../../../src/cache/memory-tier.ts'
import { PurgeLog } from '../../../src/cache/purge-log.ts'
import { everything } from '../../../src/cache/scope.ts'
import type { CacheTier } from '../../../src/cache/tier.ts'
import { createTieredStore } from '../../../src/cache/tiered-store.ts'
import { Barrier } from '../../support/barrier.ts'
import { idOf, objectOf, sliceIdOf, sliceOf } from '../../support/cache-records.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { createFakeRandom } from '../../support/fake-random.ts'
import { faulty, type TierFaults } from '../../support/faulty-tier.ts'
import { memoryAs } from '../../support/memory-as.ts'
import { TierEventLog } from '../../support/tier-event-log.ts'

const logOf = (clock: FakeClock) => new PurgeLog(clock, createFakeRandom())

/** A store over memory and two slower tiers (memory under other names), each with faults if wanted. */
function createStore(faults: { memory?: TierFaults; disk?: TierFaults; redis?: TierFaults } = {}) {
  const events = new TierEventLog()
  const clock = new FakeClock()
  const createTier = (name: 'memory' | 'disk' | 'redis') => faulty(memoryAs(name, events), faults[name] ?? {})
  const memory = createTier('memory')
  const disk = createTier('disk')
  const redis = createTier('redis')
  const store = createTieredStore([memory, disk, redis], events, clock, logOf(clock))
  return { store, memory, disk, redis, events, clock }
}

const a = idOf('a')
const record = objectOf('record')

test('the first tier that has the record answers, and each tier asked counts a hit or a miss', async () => {
  const { store, disk, events } = createStore()
  await disk.put(a, record)
  assert.deepEqual(await store.get(a), { record, tier: 'disk' })
  assert.deepEqual(events.lines, ['memory missed media', 'disk hit media'])
})

test('what a tier has at once counts as its answer, and is not asked for again', async () => {
  const events = new TierEventLog()
  const [memory, disk] = [memoryAs('memory', events), memoryAs('disk', events)]
  const held = new Map([[a, record]])
  const atOnce = (tier: CacheTier): CacheTier => ({
    ...tier,
    get: (id) => (held.has(id) ? Promise.reject(new Error('had at once')) : tier.get(id)),
    getNow: (id) => held.get(id),
  })
  for (const [tiers, tier] of [
    [[atOnce(memory), disk], 'memory'],
    [[memory, atOnce(disk)], 'disk'],
    [[atOnce(disk)], 'disk'],
  ] as const) {
    const store = createTieredStore(tiers, events, new FakeClock(), logOf(new FakeClock()))
    events.lines.length = 0
    assert.deepEqual(await store.get(a), { record, tier })
    assert.equal(events.lines.at(-1), `${tier} hit media`)
    assert.equal(await store.get(idOf('b')), undefined)
  }
})

test('bytes are lent to those who borrow, by the tier that is asked first, while nothing newer is on its way there', async () => {
  const events = new TierEventLog()
  const hold = new Barrier()
  const release = () => {}
  const lender = (tier: CacheTier): CacheTier => ({ ...tier, lendNow: () => ({ record, release }) })
  const memory = faulty(memoryAs('memory', events), { on: ['put'], hold })
  const clock = new FakeClock()
  const store = createTieredStore([lender(memory)], events, clock, logOf(clock))
  assert.deepEqual(await store.lend(a), { record, tier: 'memory', release })
  assert.deepEqual(events.lines, ['memory hit media'])
  assert.equal(await store.get(a), undefined)
  const newer = objectOf('newer')
  const putting = store.put(a, newer)
  assert.deepEqual(await store.lend(a), { record: newer, tier: 'memory' })
  hold.release()
  await putting

  const behind = createTieredStore(
    [memoryAs('memory', events), lender(memoryAs('disk', events))],
    events,
    clock,
    logOf(clock),
  )
  assert.equal(await behind.lend(a), undefined)
})

test('a disk that is asked first lends too, and what is purged is given back at once', async () => {
  const events = new TierEventLog()
  const clock = new FakeClock()
  const purges = logOf(clock)
  let returned = 0
  const release = () => {
    returned += 1
  }
  const disk = { ...memoryAs('disk', events), lendNow: () => ({ record, release }) }
  const store = createTieredStore([disk], events, clock, purges)
  assert.deepEqual(await store.lend(a), { record, tier: 'disk', release })
  assert.equal(await store.get(a), undefined)
  assert.equal(returned, 0)
  await clock.advance(1)
  purges.order(everything, 'hard')
  assert.equal(await store.lend(a), undefined)
  assert.ok(returned > 0)
})

test('what is being removed or replaced is not had at once', async () => {
  const hold = new Barrier()
  const events = new TierEventLog()
  const slow = faulty(memoryAs('disk', events), { on: ['put', 'remove'], hold })
  const store = createTieredStore(
    [{ ...slow, getNow: () => objectOf('older') }],
    events,
    new FakeClock(),
    logOf(new FakeClock()),
  )
  const putting = store.put(a, record)
  assert.deepEqual(await store.get(a), { record, tier: 'disk' })
  const removing = store.remove(a)
  assert.equal(await store.get(a), undefined)
  hold.release()
  await Promise.all([putting, removing])
  const clearing = store.purge(everything, 'hard')
  assert.equal(await store.get(a), undefined)
  await clearing
})

test('what a slower tier had is in the faster ones afterwards', async () => {
  const { store, memory, disk, redis } = createStore()
  await redis.put(a, record)
  await store.get(a)
  assert.deepEqual(await memory.get(a), record)
  assert.deepEqual(await disk.get(a), record)
  assert.deepEqual(await store.get(a), { record, tier: 'memory' })
})

test('promotion does not delay the answer', async () => {
  const hold = new Barrier()
  const { store, disk } = createStore({ memory: { on: ['put'], hold } })
  await disk.put(a, record)
  assert.deepEqual(await store.get(a), { record, tier: 'disk' })
  assert.equal(hold.isOpen, false)
  hold.release()
})

test('put resolves when the fastest tier has it, and the others get it too', async () => {
  const hold = new Barrier()
  const { store, memory, disk, redis } = createStore({ disk: { on: ['put'], hold } })
  await store.put(a, record)
  for (const tier of [memory, disk, redis]) assert.deepEqual(await tier.get(a), record)
  hold.release()
})

test('a tier that fails is a miss there and is reported, and the request goes on', async () => {
  const { store, redis, events } = createStore({ memory: { failEvery: 1 }, disk: { failEvery: 1 } })
  await store.put(a, record)
  assert.deepEqual(await redis.get(a), record)
  assert.deepEqual(await store.get(a), { record, tier: 'redis' })
  assert.equal(await store.get(idOf('b')), undefined)
  assert.equal(await store.has(a), true)
  assert.equal((await store.remove(a)).entries, 1)
  assert.equal(await store.get(a), undefined)
  assert.equal((await store.purge(everything, 'hard')).entries, 0)
  const failures = ['memory failed put', 'memory failed get', 'memory failed remove']
  for (const line of failures) assert.ok(events.lines.includes(line), line)
  assert.ok(events.lines.includes('memory missed media'))
})

test('remove and purge reach every tier; a record in two of them counts once', async () => {
  const { store, memory, disk, redis } = createStore()
  await store.put(a, record)
  await memory.remove(a)
  const bytesEach = disk.usage().bytes
  assert.deepEqual(await store.remove(a), { entries: 1, bytes: 2 * bytesEach })
  await store.put(a, record)
  assert.equal((await store.purge({ kind: 'bucket', bucket: 'media' }, 'hard')).entries, 1)
  for (const tier of [memory, disk, redis]) assert.equal(await tier.has(a), false)
})

test('has asks every tier and counts nothing', async () => {
  const { store, redis, events } = createStore()
  await redis.put(a, record)
  assert.equal(await store.has(a), true)
  assert.equal(await store.has(idOf('b')), false)
  assert.deepEqual(events.lines, [])
})

for (const [what, change] of [
  ['removed', (store) => store.remove(a)],
  ['purged', (store) => store.purge({ kind: 'bucket', bucket: 'media' }, 'hard')],
  ['purged with everything', (store) => store.purge(everything, 'hard')],
] satisfies [string, (store: ReturnType<typeof createStore>['store']) => Promise<unknown>][]) {
  test(`a record ${what} while a slow tier was handing it out is not promoted`, async () => {
    const hold = new Barrier()
    const { store, memory, disk } = createStore({ disk: { on: ['get'], hold } })
    await disk.put(a, record)
    const reading = store.get(a)
    await hold.reached
    await change(store)
    hold.release()
    await reading
    assert.equal(await memory.has(a), false)
  })
}

test('a record replaced while a slow tier was handing out the older one is not overwritten', async () => {
  const hold = new Barrier()
  const { store, memory, disk } = createStore({ disk: { on: ['get'], hold } })
  await disk.put(a, objectOf('older'))
  const readings = [store.get(a), store.get(a)]
  await hold.reached
  await store.put(a, objectOf('newer'))
  hold.release()
  await Promise.all(readings)
  assert.deepEqual(await memory.get(a), objectOf('newer'))
})

test('a record put while a slow tier said no is found: the one who asked need not fetch it again', async () => {
  const hold = new Barrier()
  const { store } = createStore({ redis: { on: ['get'], hold } })
  const reading = store.get(a)
  await hold.reached
  await store.put(a, record)
  hold.release()
  assert.deepEqual(await reading, { record, tier: 'memory' })
})

test('changes to another id do not stop a promotion', async () => {
  const hold = new Barrier()
  const { store, memory, disk } = createStore({ disk: { on: ['get'], hold } })
  await disk.put(a, record)
  const reading = store.get(a)
  await hold.reached
  await store.put(idOf('b'), record)
  await store.remove(idOf('c'))
  hold.release()
  await reading
  assert.deepEqual(await memory.get(a), record)
})

test('usage is told per tier, in order', async () => {
  const { store } = createStore()
  await store.put(a, record)
  assert.deepEqual(
    store.usage().map(([tier, { items }]) => [tier, items]),
    [
      ['memory', 1],
      ['disk', 1],
      ['redis', 1],
    ],
  )
})

test('readers are announced to the tiers that want to know', async () => {
  const events = new TierEventLog()
  const memory = createMemoryTier({ maxBytes: 100_000, maxItemBytes: 10, eviction: 's3gd' }, events)
  const store = createTieredStore([memory, createStore().disk], events, new FakeClock(), logOf(new FakeClock()))
  store.readerCame(a)
  await store.put(sliceIdOf('a', 0), sliceOf(100, 1000))
  assert.equal(memory.usage().items, 1)
  store.readerLeft(a)
  assert.equal(memory.usage().items, 0)
})
