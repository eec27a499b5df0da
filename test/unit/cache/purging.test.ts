import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { EpochMs } from '../../../src/base/types.ts'
import { CacheKey } from '../../../src/cache/cache-key.ts'
import { PurgeLog } from '../../../src/cache/purge-log.ts'
import type { CacheRecord } from '../../../src/cache/record.ts'
import { everything, type Scope } from '../../../src/cache/scope.ts'
import { TierUnavailable } from '../../../src/cache/tier.ts'
import { createTieredStore } from '../../../src/cache/tiered-store.ts'
import { Barrier } from '../../support/barrier.ts'
import { headOf, idOf, sliceIdOf, sliceOf } from '../../support/cache-records.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { createFakeRandom } from '../../support/fake-random.ts'
import { memoryAs } from '../../support/memory-as.ts'
import { purgeStage as stage } from '../../support/purge-stage.ts'
import { TierEventLog } from '../../support/tier-event-log.ts'

const a = idOf('a')
const object: Scope = { kind: 'object', id: a }
const bucket: Scope = { kind: 'bucket', bucket: 'media' }

test('a purge counts objects once and records for each tier, and sums bytes', async () => {
  const { store, objectAt, memory, disk } = stage()
  await store.put(a, objectAt())
  await store.put(sliceIdOf('a', 0), sliceOf('x', 100))
  await store.put(new CacheKey('media', 'a', 'w=1').id, objectAt())
  await store.put(idOf('b'), objectAt())
  await store.put(idOf('b', 'other'), objectAt())
  await memory.remove(idOf('b'))
  const { bytes } = disk.usage().buckets.get('media') ?? { bytes: 0 }
  const inMemory = memory.usage().buckets.get('media')?.bytes ?? 0
  const expected = {
    entries: 2,
    bytes: inMemory + 2 * bytes,
    tiers: new Map([
      ['memory', { entries: 3, bytes: inMemory }],
      ['disk', { entries: 4, bytes }],
      ['redis', { entries: 4, bytes }],
    ]),
    notKept: [],
  }
  assert.deepEqual(await store.count(bucket), expected)
  assert.deepEqual(await store.purge(bucket, 'soft'), expected)
  assert.deepEqual(await store.purge(bucket, 'hard'), expected)
  assert.deepEqual([memory.usage().items, disk.usage().items], [1, 1])
  assert.equal((await store.purge(bucket, 'hard')).entries, 0)
})

test('a soft purge leaves everything where it is', async () => {
  const { store, purges, objectAt, clock } = stage()
  await store.put(a, objectAt())
  await store.purge(object, 'soft')
  assert.deepEqual((await store.get(a))?.record, objectAt())
  assert.equal(purges.staleSince(a, [], clock.now()), clock.now())
})

test('a tier that cannot be cleared says so; the purge holds all the same, and is tried again', async () => {
  const { store, objectAt, disk, events, clock } = stage({ disk: { on: ['clear'], failEvery: 1 } })
  await store.put(a, objectAt())
  const purged = await store.purge(object, 'hard')
  assert.deepEqual(purged.notKept, ['disk'])
  assert.equal(purged.isPending, true)
  assert.deepEqual(purged.tiers.get('disk'), { entries: 0, bytes: 0, isPending: true })
  assert.equal(purged.entries, 1)
  assert.ok(await disk.has(a))
  assert.equal(await store.get(a), undefined)
  await clock.advance(1000)
  await turn()
  assert.equal(events.count('disk failed remove'), 2)
})

test('a tier that could not be cleared but has the purge written down brings nothing back', async () => {
  const { store, purges, objectAt } = stage({ disk: { on: ['clear'], failEvery: 1 } })
  purges.addKeeper({ name: 'disk', keep: async () => undefined, forget() {} })
  await store.put(a, objectAt())
  assert.deepEqual((await store.purge(object, 'hard')).notKept, [])
})

test('who cannot write the purge down is named, and why is told', async () => {
  const { store, purges, events } = stage({ disk: { on: ['clear'], failEvery: 1 } })
  for (const name of ['disk', 'redis'] as const) {
    purges.addKeeper({ name, keep: () => Promise.reject(new Error('full')), forget() {} })
  }
  assert.deepEqual([...(await store.purge(object, 'hard')).notKept].sort(), ['disk', 'redis'])
  assert.deepEqual((await store.purge(object, 'soft')).notKept, ['disk', 'redis'])
  assert.equal(events.count('redis failed put'), 2)
})

test('the answer comes when the purge is written down and every tier is clear', async () => {
  const [keeping, clearing] = [new Barrier(), new Barrier()]
  const { store, purges } = stage({ redis: { on: ['clear'], hold: clearing } })
  purges.addKeeper({ name: 'disk', keep: () => keeping.arrive(), forget() {} })
  let isOver = false
  const purging = store.purge(object, 'hard').then(() => {
    isOver = true
  })
  await Promise.all([keeping.reached, clearing.reached])
  keeping.release()
  await turn()
  assert.equal(isOver, false)
  clearing.release()
  await purging
})

test('peek shows the head of the fastest tier, and sums what the others know', async () => {
  const { store, objectAt, memory, disk, redis } = stage()
  await disk.put(a, objectAt(5))
  await redis.put(a, objectAt(9))
  for (let times = 0; times < 3; times++) await redis.get(a)
  await store.get(a)
  await turn() // until then it is on its way to memory
  await store.get(a)
  const bytes = (await memory.peek(a))?.listed.bytes ?? 0
  assert.deepEqual(await store.peek(a), {
    head: (await disk.peek(a))?.head,
    tiers: ['memory', 'disk', 'redis'],
    hits: 5,
    bytes: 3 * bytes,
  })
  assert.equal(await store.peek(idOf('b')), undefined)
  const uncounted = { ...disk, peek: async () => ({ head: headOf(1), listed: { id: a, bytes: 7, hits: undefined } }) }
  const other = createTieredStore(
    [uncounted],
    new TierEventLog(),
    new FakeClock(),
    new PurgeLog(new FakeClock(), createFakeRandom()),
  )
  assert.deepEqual(await other.peek(a), { head: headOf(1), tiers: ['disk'], hits: undefined, bytes: 7 })
})

test('each tells of every tier, and of nothing that is to be removed or in doubt', async () => {
  const { store, objectAt, disk, redis } = stage({
    disk: { on: ['remove'], failEvery: 1 },
    redis: { on: ['clear'], failEvery: 1 },
  })
  for (const id of [a, idOf('b'), idOf('c')]) await store.put(id, objectAt())
  await store.remove(a)
  await store.purge({ kind: 'object', id: idOf('b') }, 'hard')
  assert.deepEqual([await disk.has(a), await redis.has(idOf('b'))], [true, true])
  const told: string[] = []
  await store.each(everything, (tier, { id }) => told.push(`${tier} ${id}`))
  assert.deepEqual(told.sort(), ['disk media:c', 'memory media:c', 'redis media:c'])
  for (const id of [a, idOf('b')]) assert.equal(await store.peek(id), undefined)
})

test('peek shows what waits to be written, and not what waits to be removed', async () => {
  const hold = new Barrier()
  const { store, objectAt, disk } = stage({ disk: { on: ['put', 'remove'], hold } })
  await disk.put(a, objectAt())
  void store.remove(a)
  void store.put(idOf('b'), objectAt())
  await hold.reached
  assert.equal(await store.peek(a), undefined)
  assert.deepEqual((await store.peek(idOf('b')))?.tiers, ['memory', 'disk', 'redis'])
  hold.release()
})

test('a tier that cannot show what it has is counted as far as it came, and reported unless it was not asked', async () => {
  const { store, objectAt, events } = stage({ disk: { on: ['each', 'peek'], failEvery: 1 } })
  await store.put(a, objectAt())
  const counted = await store.count(everything)
  assert.deepEqual([counted.entries, counted.isPending], [1, true])
  assert.deepEqual(counted.tiers.get('disk'), { entries: 0, bytes: 0, isPending: true })
  assert.deepEqual((await store.peek(a))?.tiers, ['memory', 'redis'])
  assert.equal(events.count('disk failed get'), 2)

  const refused = () => Promise.reject(new TierUnavailable('open'))
  const closed = { ...memoryAs('disk', events), each: refused, peek: refused }
  const other = createTieredStore([closed], events, new FakeClock(), new PurgeLog(new FakeClock(), createFakeRandom()))
  assert.equal((await other.count(everything)).isPending, true)
  assert.equal(await other.peek(a), undefined)
  assert.equal(events.count('disk failed get'), 2)
})

test('before a soft purge is forgotten what it made stale is removed, and nothing that was confirmed since', async () => {
  const { store, purges, objectAt, clock, disk } = stage()
  const red = { tags: ['red'] }
  await store.put(a, objectAt(0, red))
  await store.put(idOf('b'), objectAt(0, red))
  await store.put(idOf('c'), objectAt())
  await store.put(sliceIdOf('a', 0), { ...sliceOf('x', 100), tags: ['red'] } as CacheRecord)
  await store.purge({ kind: 'tag', tag: 'red' }, 'soft')
  clock.stepWallTime(24 * 60 * 60 * 1000)
  await store.put(idOf('b'), objectAt(0, red))
  purges.order({ kind: 'bucket', bucket: 'other' }, 'soft')
  for (let turns = 0; turns < 10; turns++) await turn()
  assert.equal(await store.get(a), undefined)
  assert.deepEqual((await store.get(idOf('b')))?.record, objectAt(0, red))
  assert.equal(await store.has(idOf('c')), true)
  assert.equal(disk.usage().items, 3)
  assert.equal(purges.staleSince(a, ['red'], 0 as EpochMs), undefined)
})

test('a soft purge is not forgotten while a tier cannot be looked at', async () => {
  const { store, purges, objectAt, clock } = stage({ redis: { on: ['each'], failEvery: 2 } })
  await store.put(a, objectAt())
  const asked = clock.now()
  await store.purge(object, 'soft') // looks once
  clock.stepWallTime(24 * 60 * 60 * 1000)
  purges.order({ kind: 'bucket', bucket: 'other' }, 'hard')
  for (let turns = 0; turns < 10; turns++) await turn()
  assert.notEqual(purges.staleSince(a, [], asked), undefined)
  purges.order({ kind: 'bucket', bucket: 'another' }, 'hard')
  for (let turns = 0; turns < 10; turns++) await turn()
  assert.equal(purges.staleSince(a, [], asked), undefined)
})
