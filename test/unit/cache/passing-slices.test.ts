import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryTier, type MemoryTier } from '../../../src/cache/memory-tier.ts'
import { PassingSlices } from '../../../src/cache/passing-slices.ts'
import type { CacheRecord } from '../../../src/cache/record.ts'
import { bytesIn, idOf, objectOf, sliceIdOf, sliceOf } from '../../support/cache-records.ts'
import { TierEventLog } from '../../support/tier-event-log.ts'

const large = 10_000
const film = idOf('film')

/** 1000 bytes of bodies, objects up to 300. */
function createTier(): { tier: MemoryTier; events: TierEventLog } {
  const events = new TierEventLog()
  const charge = (_: unknown, record: CacheRecord) => Math.max(1, bytesIn(record)?.length ?? 0)
  return { tier: createMemoryTier({ maxBytes: 1000, maxItemBytes: 300, eviction: 's3gd', charge }, events), events }
}

const putFilm = (tier: MemoryTier, index: number, bytes = 100) =>
  tier.put(sliceIdOf('film', index), sliceOf(bytes, large))

async function heldOfFilm(tier: MemoryTier): Promise<number[]> {
  const held: number[] = []
  for (let index = 0; index < 20; index++) if (await tier.has(sliceIdOf('film', index))) held.push(index)
  return held
}

test('a slice of a large object is declined while nobody reads the object', async () => {
  const { tier } = createTier()
  await putFilm(tier, 0)
  tier.readerCame(idOf('another film'))
  await putFilm(tier, 1)
  assert.deepEqual(await heldOfFilm(tier), [])
})

test('it is held until the last reader has left, and then goes at once, which is no eviction', async () => {
  const { tier, events } = createTier()
  tier.readerCame(film)
  tier.readerCame(film)
  await putFilm(tier, 0)
  await putFilm(tier, 1)
  assert.deepEqual(await tier.get(sliceIdOf('film', 0)), sliceOf(100, large))
  tier.readerLeft(film)
  assert.deepEqual(await heldOfFilm(tier), [0, 1])
  assert.equal(tier.usage().bytes, 200)
  tier.readerLeft(film)
  assert.deepEqual(await heldOfFilm(tier), [])
  assert.deepEqual(tier.usage().buckets.get('media'), { items: 0, bytes: 0 })
  assert.deepEqual(events.lines, [])
})

test('a reader who leaves twice, or never came, takes nobody else with him', async () => {
  const { tier } = createTier()
  tier.readerLeft(film)
  tier.readerCame(film)
  await putFilm(tier, 0)
  tier.readerLeft(idOf('another film'))
  assert.deepEqual(await heldOfFilm(tier), [0])
})

test('passing slices fill what is free', async () => {
  const { tier, events } = createTier()
  tier.readerCame(film)
  for (let index = 0; index < 10; index++) await putFilm(tier, index)
  assert.equal(tier.usage().bytes, 1000)
  await putFilm(tier, 10)
  assert.deepEqual(await heldOfFilm(tier), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  assert.deepEqual(events.lines, ['memory evicted media size'])
})

test('records that are kept push them out, oldest first', async () => {
  const { tier } = createTier()
  tier.readerCame(film)
  for (let index = 0; index < 10; index++) await putFilm(tier, index)
  await tier.put(idOf('a'), objectOf(250))
  assert.deepEqual(await heldOfFilm(tier), [3, 4, 5, 6, 7, 8, 9])
  assert.ok(tier.usage().bytes <= 1000)
})

test('they push out kept records for a quarter of the tier, then only their own forerunners', async () => {
  const { tier, events } = createTier()
  for (let index = 0; index < 10; index++) await tier.put(idOf(`${index}`, 'kept'), objectOf(100))
  tier.readerCame(film)
  await putFilm(tier, 0)
  await putFilm(tier, 1)
  assert.equal(events.count('memory evicted kept size'), 2)
  await putFilm(tier, 2)
  await putFilm(tier, 3)
  assert.deepEqual(await heldOfFilm(tier), [2, 3])
  assert.equal(events.count('memory evicted kept size'), 2)
  assert.equal(tier.usage().bytes, 1000)
})

test('a slice too large for both is declined without touching what is kept', async () => {
  const { tier, events } = createTier()
  for (let index = 0; index < 10; index++) await tier.put(idOf(`${index}`, 'kept'), objectOf(100))
  tier.readerCame(film)
  await putFilm(tier, 0, 251)
  assert.deepEqual(await heldOfFilm(tier), [])
  assert.deepEqual(events.lines, [])
})

test('a declined record does not push passing slices out', async () => {
  const { tier } = createTier()
  tier.readerCame(film)
  for (let index = 0; index < 10; index++) await putFilm(tier, index)
  await tier.put(idOf('a'), objectOf(301))
  await tier.put(idOf('a'), sliceOf(501, 300))
  assert.equal((await heldOfFilm(tier)).length, 10)
})

test('an object that outgrew the limit leaves no older slice behind, and one that shrank no passing one', async () => {
  const { tier } = createTier()
  await tier.put(sliceIdOf('film', 0), sliceOf('small', 300))
  await putFilm(tier, 0)
  assert.equal(await tier.get(sliceIdOf('film', 0)), undefined)
  tier.readerCame(film)
  await putFilm(tier, 0)
  await tier.put(sliceIdOf('film', 0), sliceOf('small', 300))
  assert.deepEqual(await tier.get(sliceIdOf('film', 0)), sliceOf('small', 300))
  assert.equal(tier.usage().items, 1)
})

test('remove and clear reach passing slices', async () => {
  const { tier } = createTier()
  tier.readerCame(film)
  await putFilm(tier, 0)
  await putFilm(tier, 1)
  assert.deepEqual(await tier.remove(sliceIdOf('film', 0)), { entries: 1, bytes: 100 })
  assert.deepEqual(await tier.clear({ kind: 'bucket', bucket: 'media' }), { entries: 1, bytes: 100 })
  assert.equal(tier.usage().bytes, 0)
})

test('replacing a kept record by one of the same size takes nothing from them', async () => {
  const { tier } = createTier()
  await tier.put(idOf('a'), objectOf(300))
  tier.readerCame(film)
  for (let index = 0; index < 7; index++) await putFilm(tier, index)
  await tier.put(idOf('a'), objectOf(300))
  assert.equal((await heldOfFilm(tier)).length, 7)
})

test('a slice that went early is not remembered for when the last reader leaves', () => {
  const passing = new PassingSlices()
  passing.readerCame(film)
  for (const index of [0, 1]) passing.add(sliceIdOf('film', index), sliceOf(100, large), 100)
  assert.equal(passing.delete(sliceIdOf('film', 0)), 100)
  assert.deepEqual([...passing.readerLeft(film)], [sliceIdOf('film', 1)])
})
