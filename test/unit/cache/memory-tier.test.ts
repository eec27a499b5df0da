import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { createMemoryTier, type MemoryTierOptions } from '../../../src/cache/memory-tier.ts'
import type { CacheRecord } from '../../../src/cache/record.ts'
import { recordCost } from '../../../src/cache/record-cost.ts'
import { everything, type Scope } from '../../../src/cache/scope.ts'
import { bytesIn, headOf, idOf, objectOf, sliceIdOf, sliceOf } from '../../support/cache-records.ts'
import { TierEventLog } from '../../support/tier-event-log.ts'

/** Counts bodies only, so that tests can speak of round numbers; a record without one counts 1. */
const bodyBytes = (_: unknown, record: CacheRecord) => Math.max(1, bytesIn(record)?.length ?? 0)

function createTier(options: Partial<MemoryTierOptions> = {}) {
  const events = new TierEventLog()
  const bounds = { maxBytes: 1000, maxItemBytes: 300, eviction: 's3gd', charge: bodyBytes } as const
  return { tier: createMemoryTier({ ...bounds, ...options }, events), events }
}

test('bytes are counted with key, header fields and overhead, not the body alone', async () => {
  const events = new TierEventLog()
  const tier = createMemoryTier({ maxBytes: 100_000, maxItemBytes: 10_000, eviction: 's3gd' }, events)
  await tier.put(idOf('a'), { kind: 'object', head: headOf(0, { headers: [] }) })
  const least = tier.usage().bytes
  await tier.put(idOf('a'), objectOf(1000, { headers: ['X-Long', 'v'.repeat(500)] }))
  assert.ok(least > 500)
  assert.ok(tier.usage().bytes >= least + 1500)
  await tier.put(idOf('a'.repeat(101)), objectOf(0, { headers: [] }))
  assert.equal(tier.usage().bytes - (await tier.remove(idOf('a'))).bytes, least + 200)
})

test('many short fields are counted as the strings they are', () => {
  const costOf = (headers: string[]) => recordCost(idOf('a'), objectOf('', { headers }))
  const texts = 40
  assert.ok(costOf(Array.from({ length: texts }, () => 'v')) - costOf([]) >= texts * 20)
  const tags = Array.from({ length: texts }, (_, index) => `tag ${index}`)
  assert.ok(recordCost(idOf('a'), objectOf('', { tags })) - recordCost(idOf('a'), objectOf('')) >= texts * 25)
  const slice = sliceOf('', 100)
  assert.ok(recordCost(idOf('a'), { ...slice, tags } as CacheRecord) - recordCost(idOf('a'), slice) >= texts * 25)
  assert.ok(recordCost(idOf('a'), { kind: 'vary', names: ['accept'], originFingerprint: '' }) > 500)
})

test('an eviction is reported with its bucket; what is replaced, removed or cleared is none', async () => {
  const { tier, events } = createTier()
  await tier.put(idOf('a', 'one'), objectOf(300))
  await tier.put(idOf('a', 'one'), objectOf(300))
  await tier.remove(idOf('a', 'one'))
  await tier.put(idOf('a', 'one'), objectOf(300))
  await tier.clear(everything)
  await tier.put(idOf('a', 'one'), objectOf(301))
  assert.deepEqual(events.lines, [])
  for (const object of ['a', 'b', 'c', 'd']) await tier.put(idOf(object, object === 'a' ? 'one' : 'two'), objectOf(300))
  assert.deepEqual(events.lines, ['memory evicted one size'])
  assert.deepEqual(
    [...tier.usage().buckets],
    [
      ['one', { items: 0, bytes: 0 }],
      ['two', { items: 3, bytes: 900 }],
    ],
  )
})

test('usage is a copy', async () => {
  const { tier } = createTier()
  await tier.put(idOf('a'), objectOf(100))
  const before = tier.usage()
  await tier.remove(idOf('a'))
  assert.deepEqual([before.bytes, before.buckets.get('media')], [100, { items: 1, bytes: 100 }])
})

test('a record in memory is had at once, as long as the tier is open', async () => {
  const { tier } = createTier()
  assert.equal(tier.getNow?.(idOf('a')), undefined)
  await tier.put(idOf('a'), objectOf(100))
  assert.deepEqual(tier.getNow?.(idOf('a')), objectOf(100))
  await tier.close()
  assert.equal(tier.getNow?.(idOf('a')), undefined)
})

test('has is not a use', async () => {
  const { tier } = createTier({ eviction: 'lru' })
  for (const object of ['a', 'b', 'c']) await tier.put(idOf(object), objectOf(300))
  await tier.has(idOf('a'))
  await tier.get(idOf('b'))
  await tier.put(idOf('d'), objectOf(300))
  assert.deepEqual([await tier.has(idOf('a')), await tier.has(idOf('b'))], [false, true])
})

test('a head without its body is kept, however large the object is', async () => {
  const { tier } = createTier()
  await tier.put(idOf('a'), { kind: 'object', head: headOf(10 ** 9) })
  assert.equal(await tier.has(idOf('a')), true)
})

test('slices of an object that may be kept stay without a reader', async () => {
  const { tier } = createTier()
  await tier.put(idOf('a'), sliceOf(100, 300))
  assert.equal(await tier.has(idOf('a')), true)
})

for (const [what, scope] of [
  ['everything', everything],
  ['a bucket', { kind: 'bucket', bucket: 'media' }],
] satisfies [string, Scope][]) {
  test(`others get their turns while ${what} is cleared or listed; what was put since stays`, async () => {
    const { tier } = createTier({ maxBytes: 10 ** 6 })
    const ids = Array.from({ length: 30_000 }, (_, index) => idOf(`${index}`))
    for (const id of ids) await tier.put(id, objectOf(1))
    const turnsDuring = async (work: Promise<unknown>, act: (turns: number) => void = () => undefined) => {
      let isOver = false
      void work.then(() => {
        isOver = true
      })
      let turns = 0
      for (; !isOver; turns++) {
        act(turns)
        await turn()
      }
      return turns
    }
    let listed = 0
    assert.ok((await turnsDuring(tier.each(scope, () => listed++))) >= 5)
    assert.equal(listed, ids.length)

    const newer = objectOf('newer')
    const put = (turns: number) => {
      // One whose turn has been, or is to come, and one that was never there.
      for (const id of [ids[turns], ids.at(-turns - 1), idOf(`new ${turns}`)])
        if (id !== undefined) void tier.put(id, newer)
    }
    const clearing = tier.clear(scope)
    const turns = await turnsDuring(clearing, put)
    assert.ok(turns >= 5)
    assert.equal(tier.usage().items, 3 * turns)
    for (const id of ids) assert.notDeepEqual(await tier.get(id), objectOf(1))
    const { entries } = await clearing
    assert.ok(entries >= ids.length - 2 * turns && entries <= ids.length)
    assert.equal((await tier.clear(scope)).entries, 3 * turns)
  })
}

test('slices in passing are cleared and listed like others', async () => {
  const { tier } = createTier()
  tier.readerCame(idOf('a'))
  await tier.put(sliceIdOf('a', 0), sliceOf(100, 5000))
  const listed: unknown[] = []
  await tier.each({ kind: 'object', id: idOf('a') }, (row) => listed.push(row))
  assert.deepEqual(listed, [{ id: sliceIdOf('a', 0), bytes: 100, hits: undefined }])
  assert.deepEqual(await tier.clear({ kind: 'object', id: idOf('a') }), { entries: 1, bytes: 100 })
  tier.readerLeft(idOf('a'))
})

test('an object is cleared without a look at the others', async () => {
  const { tier } = createTier({ maxBytes: 10 ** 6 })
  for (let index = 0; index < 100_000; index++) await tier.put(idOf(`${index}`), objectOf(1))
  for (let index = 0; index < 3; index++) await tier.put(sliceIdOf('a', index), sliceOf(1, 3))
  let turns = 0
  const clearings = (async () => {
    for (let index = 0; index < 100; index++) await tier.clear({ kind: 'object', id: idOf(`${index}`) })
    return tier.clear({ kind: 'object', id: idOf('a') })
  })()
  void turn().then(() => {
    turns += 1
  })
  assert.deepEqual(await clearings, { entries: 3, bytes: 3 })
  assert.equal(turns, 0)
  assert.equal(tier.usage().items, 99_900)
})
