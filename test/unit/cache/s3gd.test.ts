import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RecordId } from '../../../src/base/types.ts'
import { LruRetention } from '../../../src/cache/lru.ts'
import type { Retention } from '../../../src/cache/retention.ts'
import { S3GdRetention } from '../../../src/cache/s3gd.ts'
import { idOf } from '../../support/cache-records.ts'

interface Request {
  readonly id: RecordId
  readonly bytes: number
}

function create(maxBytes: number, evicted: RecordId[] = []): S3GdRetention<string> {
  return new S3GdRetention({ maxBytes, maxEntryBytes: maxBytes, onEvict: (id) => evicted.push(id) })
}

function countMisses(retention: Retention<string>, requests: Iterable<Request>): number {
  let misses = 0
  for (const { id, bytes } of requests) {
    if (retention.get(id) !== undefined) continue
    misses += 1
    retention.set(id, id, bytes)
  }
  return misses
}

/** Popular objects by Zipf's law (exponent 1), every fourth request for an object that nobody asks for again. */
function* zipfTrace(count: number, objects: number): Generator<Request> {
  let state = 42
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  for (let index = 0; index < count; index++) {
    const object = index % 4 === 0 ? objects + index : Math.floor(objects ** random())
    yield { id: idOf(`${object}`), bytes: 500 + ((object * 7919) % 20_000) }
  }
}

test('on a Zipf trace with one-hit objects it misses far less than plain LRU', () => {
  const maxBytes = 2 ** 22
  const options = { maxBytes, maxEntryBytes: maxBytes / 2, onEvict: () => undefined }
  const ours = countMisses(new S3GdRetention(options), zipfTrace(60_000, 5000))
  const lru = countMisses(new LruRetention(options), zipfTrace(60_000, 5000))
  assert.ok(ours < 0.9 * lru, `${ours} misses, ${lru} with LRU`)
})

test('a scan does not push out what is in use', () => {
  const retention = create(100_000)
  const used = Array.from({ length: 40 }, (_, index) => ({ id: idOf(`used ${index}`), bytes: 1000 }))
  for (let round = 0; round < 5; round++) {
    countMisses(retention, used)
    countMisses(retention, scan(round * 50, 50))
  }
  countMisses(retention, scan(1000, 5000))
  assert.equal(countMisses(retention, used), 0)
})

function scan(from: number, count: number, bytes = 1000): Request[] {
  return Array.from({ length: count }, (_, index) => ({ id: idOf(`scan ${from + index}`), bytes }))
}

test('of entries never used again a large one goes before small ones', () => {
  const evicted: RecordId[] = []
  const retention = create(10_000, evicted)
  for (let index = 0; index < 20; index++) retention.set(idOf(`small ${index}`), 'small', 100)
  retention.set(idOf('large'), 'large', 8000)
  retention.set(idOf('next'), 'next', 100)
  assert.deepEqual(evicted, [idOf('large')])
})

test('a burst of uses right after it came in does not save an entry', () => {
  const evicted: RecordId[] = []
  const retention = create(10_000, evicted)
  retention.set(idOf('burst'), 'burst', 100)
  for (let use = 0; use < 10; use++) retention.get(idOf('burst'))
  for (let index = 0; index < 100; index++) retention.set(idOf(`${index}`), 'other', 100)
  assert.deepEqual(evicted, [idOf('burst')])
})

test('what comes back soon after it was evicted outlives what is new', () => {
  const evicted: RecordId[] = []
  const retention = create(10_000, evicted)
  for (let index = 0; index < 11; index++) retention.set(idOf(`${index}`), 'value', 1000)
  assert.deepEqual(evicted, [idOf('0')])
  retention.set(idOf('0'), 'back', 1000)
  for (let index = 11; index < 40; index++) retention.set(idOf(`${index}`), 'value', 1000)
  assert.equal(retention.peek(idOf('0')), 'back')
})

test('grows past its first thousand entries without losing any', () => {
  const retention = create(2 ** 40)
  for (let index = 0; index < 5000; index++) retention.set(idOf(`${index}`), `${index}`, index + 1)
  assert.equal(retention.size, 5000)
  for (let index = 0; index < 5000; index++) {
    assert.equal(retention.peek(idOf(`${index}`)), `${index}`)
    assert.equal(retention.delete(idOf(`${index}`)), index + 1)
  }
  assert.equal(retention.bytes, 0)
})

test('after growing every entry can still be found by eviction, each once', () => {
  const evicted: RecordId[] = []
  const retention = create(2 ** 40, evicted)
  for (let index = 0; index < 3000; index++) retention.set(idOf(`${index}`), 'value', 100)
  retention.shrinkTo(0)
  assert.equal(evicted.length, 3000)
  assert.equal(new Set(evicted).size, 3000)
})

test('holds entries of more than 4 GiB by their true size', () => {
  const retention = create(2 ** 40)
  retention.set(idOf('a'), 'a', 2 ** 33 + 1)
  assert.equal(retention.bytesOf(idOf('a')), 2 ** 33 + 1)
  assert.equal(retention.delete(idOf('a')), 2 ** 33 + 1)
  assert.equal(retention.bytes, 0)
})

test('under a lower fill main and probation both give way in their shares', () => {
  const evicted: RecordId[] = []
  const retention = create(100_000, evicted)
  const used = Array.from({ length: 80 }, (_, index) => ({ id: idOf(`used ${index}`), bytes: 1000 }))
  for (let round = 0; round < 5; round++) {
    countMisses(retention, used)
    countMisses(retention, scan(round * 50, 50))
  }
  const countHeld = (prefix: string) => [...retention.keys()].filter((id) => id.startsWith(prefix)).length
  retention.shrinkTo(50_000)
  assert.ok(countHeld('media:used') < 80)
  assert.ok(countHeld('media:scan') > 0)
})

/** Fills the main region with entries used once each. */
function churn(retention: S3GdRetention<string>, from: number, count: number): void {
  for (let index = from; index < from + count; index++) {
    retention.set(idOf(`churn ${index}`), 'churn', 100)
    retention.get(idOf(`churn ${index - 5}`))
  }
}

test('one use after a while moves an entry on to the main region, where a scan does not reach it', () => {
  const retention = create(10_000)
  retention.set(idOf('used'), 'used', 100)
  for (const object of ['a', 'b', 'c']) retention.set(idOf(object), object, 100)
  retention.get(idOf('used'))
  countMisses(retention, scan(0, 500, 100))
  assert.equal(retention.peek(idOf('used')), 'used')
})

test('an entry used more outlives one used once, and goes too when it is not used any more', () => {
  const retention = create(10_000)
  for (const object of ['thrice', 'once', 'a', 'b', 'c']) retention.set(idOf(object), object, 100)
  for (const object of ['thrice', 'thrice', 'thrice', 'once']) retention.get(idOf(object))
  let rounds = 0
  for (; retention.peek(idOf('once')) !== undefined; rounds++) churn(retention, rounds * 10, 10)
  assert.equal(retention.peek(idOf('thrice')), 'thrice')
  churn(retention, rounds * 10, 1000)
  assert.equal(retention.peek(idOf('thrice')), undefined)
})

test('a replaced entry of the main region stays there', () => {
  const retention = create(10_000)
  for (const object of ['used', 'a', 'b', 'c']) retention.set(idOf(object), object, 100)
  retention.get(idOf('used'))
  countMisses(retention, scan(0, 100, 100))
  retention.set(idOf('used'), 'newer', 100)
  countMisses(retention, scan(100, 500, 100))
  assert.equal(retention.peek(idOf('used')), 'newer')
})
