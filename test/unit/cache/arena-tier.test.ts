import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Arena } from '../../../src/cache/arena/arena.ts'
import { ArenaTier } from '../../../src/cache/arena/arena-tier.ts'
import { createArena, planArena } from '../../../src/cache/arena/layout.ts'
import { repairAfter } from '../../../src/cache/arena/repair.ts'
import type { CacheRecord } from '../../../src/cache/record.ts'
import { everything } from '../../../src/cache/scope.ts'
import { recordOfKey } from '../../support/arena-records.ts'
import { bytesIn, headOf, idOf, objectOf, sliceIdOf, sliceOf } from '../../support/cache-records.ts'
import { TierEventLog } from '../../support/tier-event-log.ts'

const mebibyte = 2 ** 20
const shape = { maxBytes: 4 * mebibyte, workers: 2, maxBuckets: 4, sliceBytes: 2 ** 16 }
const maxItemBytes = 2 ** 16

/** Two workers of one process, taking turns in one thread. */
function openTwo() {
  const arena = createArena(shape)
  const logs = [new TierEventLog(), new TierEventLog()] as const
  const one = new ArenaTier({ arena, worker: 0, maxItemBytes }, logs[0])
  const other = new ArenaTier({ arena, worker: 1, maxItemBytes }, logs[1])
  return { arena, logs, one, other }
}

const objectOfLetter = (letter: string, size: number) => objectOf(letter.repeat(size))

test('the whole buffer is within the bound, whatever the bound is', () => {
  for (const maxBytes of [16_384, 10 ** 6, 2 ** 26, 10 ** 8, 2 ** 28, 2 ** 30, 5 * 10 ** 9]) {
    const layout = planArena({ ...shape, maxBytes, sliceBytes: mebibyte })
    assert.ok(layout.totalBytes <= maxBytes)
    const dataBytes = layout.segmentCount * layout.segmentUnits * 16
    if (maxBytes >= 2 ** 26) assert.ok(dataBytes > 0.93 * maxBytes, `${dataBytes} of ${maxBytes}`)
    if (maxBytes >= 2 ** 26) assert.ok(layout.segmentUnits * 16 >= mebibyte + 2 ** 16 || maxBytes > 2 ** 27)
  }
  assert.throws(() => planArena({ ...shape, maxBytes: 4096 }), /no room/)
})

test('what one worker puts the other finds, counts and removes', async () => {
  const { one, other } = openTwo()
  await one.put(idOf('a'), objectOf('hello'))
  await other.put(idOf('b', 'logs'), objectOf('there'))
  assert.deepEqual(other.getNow(idOf('a')), objectOf('hello'))
  assert.deepEqual(one.usage(), other.usage())
  assert.deepEqual([...one.usage().buckets.keys()], ['media', 'logs'])
  assert.equal((await other.remove(idOf('a'))).entries, 1)
  assert.equal(one.getNow(idOf('a')), undefined)
  assert.equal((await one.clear(everything)).entries, 1)
  assert.equal(other.usage().items, 0)
})

test('everybody gets the same head as long as the record is the same, and the new one after it was replaced elsewhere', async () => {
  const { one, other } = openTwo()
  const headIn = (record: CacheRecord | undefined) => (record?.kind === 'object' ? record.head : undefined)
  await one.put(idOf('a'), objectOf('hello'))
  const head = headIn(other.getNow(idOf('a')))
  assert.ok(head !== undefined)
  assert.equal(headIn(other.getNow(idOf('a'))), head)
  await one.put(idOf('a'), objectOf('hello again'))
  assert.deepEqual(headIn(other.getNow(idOf('a'))), headOf(11))
})

test('lent bytes stay as they are until they are given back, through replacement, removal and churn', async () => {
  const { one, other } = openTwo()
  await one.put(idOf('a'), objectOfLetter('a', 10_000))
  const lent = one.lendNow(idOf('a'))
  assert.ok(lent !== undefined)
  assert.ok(bytesIn(lent.record)?.buffer instanceof SharedArrayBuffer)
  await other.put(idOf('a'), objectOfLetter('b', 10_000))
  await other.remove(idOf('a'))
  for (let index = 0; index < 2000; index++) await other.put(idOf(`${index}`), objectOf(10_000))
  assert.deepEqual(lent.record, objectOfLetter('a', 10_000))
  lent.release()
  lent.release()
})

test('a small body is copied, and any body is once its worker holds many', async () => {
  const { one } = openTwo()
  const isShared = (object: string) => {
    const lent = one.lendNow(idOf(object))
    return bytesIn(lent?.record)?.buffer instanceof SharedArrayBuffer
  }
  await one.put(idOf('small'), objectOf(4000))
  assert.equal(isShared('small'), false)
  const shares = []
  for (let index = 0; index < 50; index++) {
    await one.put(idOf(`${index}`), objectOf(60_000))
    shares.push(isShared(`${index}`))
  }
  assert.equal(shares[0], true)
  assert.equal(shares.at(-1), false)
  for (let index = 50; index < 200; index++) await one.put(idOf(`${index}`), objectOf(60_000))
  assert.ok(one.usage().items > 20, 'lent records keep the arena from being used')
})

test('an eviction is told by the worker that evicts, with its bucket', async () => {
  const { one, other, logs } = openTwo()
  for (let index = 0; index < 40; index++) await one.put(idOf(`${index}`, 'films'), objectOf(60_000))
  for (let index = 0; index < 100; index++) await other.put(idOf(`${index}`), objectOf(60_000))
  assert.ok(logs[1].count('memory evicted films size') > 0)
  assert.equal(logs[0].count('memory evicted media size'), 0)
})

test('objects that are asked for again stay while others pass', async () => {
  const { one } = openTwo()
  for (let round = 0; round < 60; round++) {
    for (let index = 0; index < 20; index++) {
      if (one.getNow(idOf(`wanted ${index}`)) === undefined) await one.put(idOf(`wanted ${index}`), objectOf(20_000))
    }
    for (let index = 0; index < 30; index++) await one.put(idOf(`passing ${round}-${index}`), objectOf(20_000))
  }
  const found = Array.from({ length: 20 }, (_, index) => one.getNow(idOf(`wanted ${index}`)))
  assert.ok(found.filter((record) => record !== undefined).length >= 18)
})

test('a large object does not drive out the small ones', async () => {
  const { one } = openTwo()
  for (let index = 0; index < 500; index++) await one.put(idOf(`small ${index}`), objectOf(400))
  for (let index = 0; index < 120; index++) await one.put(idOf(`large ${index}`), objectOf(60_000))
  let found = 0
  for (let index = 0; index < 500; index++) if (await one.has(idOf(`small ${index}`))) found += 1
  assert.ok(found >= 450, `${found} of 500`)
})

test('slices of an object too large to keep stay while somebody in any worker reads it', async () => {
  const { one, other } = openTwo()
  const slice = sliceOf(1000, 10 ** 9)
  await one.put(sliceIdOf('a', 0), slice)
  assert.equal(await one.has(sliceIdOf('a', 0)), false)
  one.readerCame(idOf('a'))
  other.readerCame(idOf('a'))
  await one.put(sliceIdOf('a', 0), slice)
  await other.put(sliceIdOf('a', 1), slice)
  one.readerLeft(idOf('a'))
  assert.deepEqual(other.getNow(sliceIdOf('a', 0)), slice)
  other.readerLeft(idOf('a'))
  assert.equal(await one.has(sliceIdOf('a', 1)), false)
  assert.equal((await one.clear({ kind: 'object', id: idOf('a') })).entries, 1)
})

test('a bucket beyond those that can be counted is not kept', async () => {
  const { one } = openTwo()
  for (let bucket = 0; bucket < 5; bucket++) await one.put(idOf('a', `bucket-${bucket}`), objectOf('a'))
  await one.put(idOf('a', 'x'.repeat(200)), objectOf('a'))
  assert.deepEqual([one.usage().items, await one.has(idOf('a', 'bucket-4'))], [4, false])
})

test('readers of a worker that died are forgotten with it', async () => {
  const { arena, one, other } = openTwo()
  one.readerCame(idOf('a'))
  other.readerCame(idOf('a'))
  await other.put(sliceIdOf('a', 0), sliceOf(1000, 10 ** 9))
  repairAfter(0, arena)
  other.readerLeft(idOf('a'))
  assert.equal(await other.has(sliceIdOf('a', 0)), false)
})

test('what was begun before a removal or a clearing that may have meant it is not kept after', async () => {
  const { arena, one } = openTwo()
  const raw = new Arena(arena, 1, () => undefined)
  const record = recordOfKey(1, 1, 100)
  const removals = [
    () => raw.remove(record.digest),
    () => one.clear(everything),
    () => one.clear({ kind: 'object', id: idOf('x') }),
  ]
  for (const remove of removals) {
    const generation = raw.generationOf(record.digest)
    await remove()
    assert.equal(raw.put(record, generation), false)
    assert.equal(raw.find(record.digest), 0)
  }
  assert.equal(raw.put(record, raw.generationOf(record.digest)), true)
  assert.notEqual(raw.find(record.digest), 0)
})

test('a listener that throws at an eviction leaves counts that are right, and no lock or pin', async () => {
  const { arena, one } = openTwo()
  let isFailing = true
  const failing = new Arena(arena, 1, () => {
    if (isFailing) throw new Error('a listener failed')
  })
  let failures = 0
  for (let key = 0; key < 400; key++) {
    const record = recordOfKey(key, 1, 30_000)
    try {
      failing.put(record, failing.generationOf(record.digest))
    } catch {
      failures += 1
    }
  }
  isFailing = false
  assert.ok(failures > 10)
  assert.deepEqual(repairAfter(1, arena), { locks: 0, pins: 0 })
  const listed: number[] = []
  await one.each(everything, ({ bytes }) => listed.push(bytes))
  const { items, bytes } = one.usage()
  assert.deepEqual([items, bytes], [listed.length, listed.reduce((sum, size) => sum + size, 0)])
})

test('what repair finds of a worker that lent is told, and its segments can be used again', async () => {
  const { arena, one, other } = openTwo()
  await one.put(idOf('a'), objectOf(10_000))
  one.lendNow(idOf('a'))
  one.lendNow(idOf('a'))
  assert.deepEqual(repairAfter(0, arena), { locks: 0, pins: 2 })
  for (let index = 0; index < 1000; index++) await other.put(idOf(`${index}`), objectOf(10_000))
  assert.deepEqual(repairAfter(0, arena), { locks: 0, pins: 0 })
})
