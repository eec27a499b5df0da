import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { RecordId } from '../../../src/base/types.ts'
import type { DiskEntry } from '../../../src/cache/disk-entry.ts'
import { DiskIndex } from '../../../src/cache/disk-index.ts'
import { digestOf } from '../../../src/cache/record-digest.ts'
import { everything } from '../../../src/cache/scope.ts'
import { idOf } from '../../support/cache-records.ts'
import { entryOf, restore } from '../../support/disk-index.ts'

function createIndex(maxBytes: number, evicted: RecordId[] = []): DiskIndex {
  return new DiskIndex({ maxBytes, onEvict: (id) => evicted.push(id) })
}

test('an entry comes back as it was set', () => {
  const index = createIndex(2 ** 40)
  const entries: DiskEntry[] = [
    { id: idOf('a'), bytes: 4096, headBytes: 321, bodyBytes: 1000, uselessAfterS: 2_000_000_000 },
    { id: idOf('empty body'), bytes: 1, headBytes: 1, bodyBytes: 0, uselessAfterS: 0 },
    { id: idOf('no body'), bytes: 2 ** 32 - 1, headBytes: 0, bodyBytes: -1, uselessAfterS: 1 },
    { id: idOf('bücher/日本語/😀'), bytes: 512, headBytes: 2 ** 20, bodyBytes: 2 ** 30, uselessAfterS: 2 ** 32 - 1 },
  ]
  for (const entry of entries) assert.equal(index.set({ ...entry, tags: ['red', 'grün'] }), true)
  for (const entry of entries) {
    assert.deepEqual(index.get(entry.id), entry)
    assert.deepEqual(index.peek(entry.id, digestOf(entry.id)), entry)
    assert.deepEqual(index.tagsOf(entry.id), ['red', 'grün'])
  }
  assert.equal(index.get(idOf('b')), undefined)
  assert.equal(index.size, 4)
})

test('a time to be useless after is rounded up to a second, and never comes when it is too far away', () => {
  const index = createIndex(2 ** 40)
  index.set({ ...entryOf('a', 1), uselessAfterS: 1.25 })
  index.set({ ...entryOf('b', 1), uselessAfterS: 2 ** 32 })
  assert.equal(index.peek(idOf('a'))?.uselessAfterS, 2)
  assert.equal(index.peek(idOf('b'))?.uselessAfterS, 0)
})

test('a replaced entry counts once, a deleted one not at all', () => {
  const index = createIndex(2 ** 40)
  index.set(entryOf('a', 100))
  index.set(entryOf('a', 300))
  assert.equal(index.bytes, 300)
  assert.equal(index.delete(idOf('a')), 300)
  assert.equal(index.delete(idOf('a')), undefined)
  assert.equal(index.bytes, 0)
  assert.equal(index.get(idOf('a')), undefined)
})

test('what it will not keep is declined, and the older entry is gone all the same', () => {
  const index = createIndex(1000)
  assert.equal(index.maxEntryBytes, 500)
  index.set(entryOf('a', 100))
  assert.equal(index.set(entryOf('a', 501)), false)
  assert.equal(index.size, 0)
  const badIds = [`media:${'x'.repeat(65_536)}`, 'media:\ud800', 'media:a\nb'] as RecordId[]
  for (const id of badIds) {
    assert.equal(index.set({ ...entryOf('a', 100), id }), false)
    assert.equal(index.peek(id), undefined)
  }
  assert.equal(index.bytes, 0)
  assert.deepEqual(index.usage().buckets.get('media'), { items: 0, bytes: 0 })
})

test('an entry of 4 GiB is never kept, however large the bound', () => {
  const index = createIndex(2 ** 50)
  assert.equal(index.set(entryOf('a', 2 ** 32)), false)
  assert.equal(index.set(entryOf('a', 2 ** 32 - 1)), true)
})

test('nothing is evicted before the bound would be passed, and then a batch', () => {
  const evicted: RecordId[] = []
  const index = createIndex(100_000, evicted)
  for (let at = 0; at < 1000; at++) index.set(entryOf(`${at}`, 100))
  index.makeRoom(0)
  assert.deepEqual(evicted, [])
  index.makeRoom(1)
  assert.equal(evicted.length, 11) // one percent to spare
  assert.equal(index.bytes, 98_900)
  index.makeRoom(1000)
  assert.equal(evicted.length, 11)
})

test('a batch of a large index is 8 MiB', () => {
  const evicted: RecordId[] = []
  const index = createIndex(2 ** 31, evicted)
  for (let at = 0; at < 2048; at++) index.set(entryOf(`${at}`, 2 ** 20))
  index.makeRoom(1)
  assert.equal(evicted.length, 9)
})

test('more room than there is empties the index', () => {
  const index = createIndex(1000)
  for (let at = 0; at < 10; at++) index.set(entryOf(`${at}`, 100))
  index.makeRoom(5000)
  assert.equal(index.size, 0)
})

test('what is used stays, what is not goes', () => {
  const index = createIndex(10_000)
  const used = Array.from({ length: 20 }, (_, at) => `used ${at}`)
  for (const object of used) index.set(entryOf(object, 100))
  for (let at = 0; at < 500; at++) {
    index.makeRoom(100)
    index.set(entryOf(`scan ${at}`, 100))
    for (const object of used) index.get(idOf(object))
  }
  for (const object of used) assert.ok(index.peek(idOf(object)), object)
})

test('a replaced entry of the main region stays there', () => {
  const index = createIndex(10_000)
  const scan = (from: number, count: number) => {
    for (let at = from; at < from + count; at++) {
      index.makeRoom(100)
      index.set(entryOf(`scan ${at}`, 100))
    }
  }
  for (const object of ['used', 'a', 'b', 'c']) index.set(entryOf(object, 100))
  index.get(idOf('used'))
  scan(0, 200)
  assert.ok(index.peek(idOf('used')))
  index.set(entryOf('used', 100))
  scan(200, 500)
  assert.ok(index.peek(idOf('used')))
})

test('an entry that is listed and moved afterwards is listed once', () => {
  const index = createIndex(2 ** 40)
  const objects = Array.from({ length: 1000 }, (_, at) => `${at}`.padEnd(2000, 'x'))
  for (const object of objects) index.set(entryOf(object, 100))
  const told: RecordId[] = []
  for (const listed of index.list(everything)) {
    if (listed !== undefined) told.push(listed.id)
    if (told.length === 200) for (const [at, object] of objects.entries()) if (at % 8 !== 3) index.delete(idOf(object))
  }
  const staying = objects.filter((_, at) => at % 8 === 3).map((object) => idOf(object))
  assert.deepEqual(
    staying.map((id) => told.filter((one) => one === id).length),
    staying.map(() => 1),
  )
})

test('usage tells items and bytes of each bucket', () => {
  const index = createIndex(1000)
  index.set(entryOf('a', 100))
  index.set(entryOf('b', 200))
  index.set(entryOf('a', 300, 'other'))
  const expected = { media: { items: 2, bytes: 300 }, other: { items: 1, bytes: 300 } }
  const { memoryBytes, ...usage } = index.usage()
  assert.deepEqual(usage, { items: 3, bytes: 600, maxBytes: 1000, buckets: new Map(Object.entries(expected)) })
  assert.equal(memoryBytes, index.memoryBytes)
})

test('ids by prefix are those of the digests that begin so, less those that left meanwhile', () => {
  const index = createIndex(2 ** 40)
  const ids = Array.from({ length: 2000 }, (_, at) => idOf(`${at}`))
  for (const at of ids.keys()) index.set(entryOf(`${at}`, 100))
  const ofPrefix = index.idsByPrefix(12)
  for (let at = 0; at < 2000; at += 3) index.delete(idOf(`${at}`))
  for (let at = 0; at < 500; at++) index.set(entryOf(`later ${at}`, 100)) // takes slots that became free
  const held = new Set(ids.filter((_, at) => at % 3 !== 0))
  const found = new Set<RecordId>()
  for (let prefix = 0; prefix < 4096; prefix++) {
    for (const id of ofPrefix(prefix)) {
      assert.equal(Number.parseInt(digestOf(id).slice(0, 3), 16), prefix)
      found.add(id)
    }
  }
  assert.deepEqual(held.difference(found), new Set())
  for (const id of found) assert.ok(index.peek(id), id)
})

test('grows past every step without losing an entry', () => {
  const index = createIndex(2 ** 40)
  for (let at = 0; at < 100_000; at++) index.set(entryOf(`${at}`, at + 1))
  assert.equal(index.size, 100_000)
  for (let at = 0; at < 100_000; at += 7) assert.equal(index.peek(idOf(`${at}`))?.bytes, at + 1)
  let bytes = 0
  for (let at = 0; at < 100_000; at++) bytes += index.delete(idOf(`${at}`)) ?? 0
  assert.equal(bytes, (100_000 * 100_001) / 2)
  assert.deepEqual([index.size, index.bytes], [0, 0])
})

test('an entry takes at most 100 bytes of memory beside the text of its id', () => {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  const measureMemory = () => {
    collectGarbage()
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }
  const before = measureMemory()
  const index = createIndex(2 ** 40)
  let texts = 0
  for (let at = 0; at < 100_000; at++) {
    const entry = entryOf(`films/2026/${at}/poster.jpg`, 4096)
    index.set(entry)
    texts += entry.id.length
  }
  const perEntry = (measureMemory() - before - texts) / index.size
  assert.ok(perEntry <= 100, `${perEntry}`)
})

test('under a smaller bound it is restored whole, and gives way when room is made', () => {
  const index = createIndex(100_000)
  for (let at = 0; at < 1000; at++) index.set(entryOf(`${at}`, 100))
  const evicted: RecordId[] = []
  const restored = restore(index.snapshot(), { maxBytes: 50_000, onEvict: (id) => evicted.push(id) })
  assert.equal(restored?.bytes, 100_000)
  restored?.makeRoom(0)
  assert.equal(restored?.bytes, 49_500)
  assert.equal(evicted.length, 505)
})

test('a snapshot is of the moment it was taken', () => {
  const index = createIndex(2 ** 40)
  for (let at = 0; at < 3000; at++) index.set(entryOf(`${at}`, 100))
  const snapshot = index.snapshot()
  for (let at = 0; at < 3000; at++) index.delete(idOf(`${at}`))
  for (let at = 0; at < 9000; at++) index.set(entryOf(`later ${at}`, 7))
  const restored = restore(snapshot, { maxBytes: 2 ** 40, onEvict: () => undefined })
  assert.equal(restored?.bytes, 300_000)
  for (let at = 0; at < 3000; at++) assert.equal(restored?.peek(idOf(`${at}`))?.bytes, 100)
})
