import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EpochMs, Etag } from '../../src/base/types.ts'
import { CacheKey } from '../../src/cache/cache-key.ts'
import { bodyOf, type CacheRecord } from '../../src/cache/record.ts'
import { decodeRecord, encodeHead } from '../../src/cache/record-codec.ts'
import { fc } from '../support/fast-check.ts'

const count = fc.maxSafeNat()
const time = fc.nat(2 ** 42).map((ms) => ms as EpochMs)
const etag = fc.string().map((text) => `"${text}"` as Etag)
const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,20}$/)
const latin1 = fc.array(fc.integer({ min: 0x20, max: 0xff })).map((codes) => String.fromCharCode(...codes))
const value = latin1.map((text) => text.replaceAll('\x7f', ''))
const headers = fc.array(fc.tuple(name, value), { maxLength: 30 }).map((pairs) => pairs.flat())
const bytes = fc.uint8Array({ maxLength: 300 })
const keys = fc
  .tuple(name, fc.string({ unit: 'grapheme', minLength: 1 }), fc.string({ unit: 'grapheme' }))
  .map(([bucket, object, query]) => new CacheKey(bucket, object, query))
const ids = fc.tuple(keys, fc.option(fc.nat())).map(([key, index]) => (index === null ? key.id : key.sliceId(index)))

/** Never empty: who has none has no such field. */
const tags = fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 5 })
const head = fc.record(
  {
    ...{ status: fc.nat(999), etag, size: count, sliceBytes: count, headers },
    ...{ requestedAt: time, storedAt: time, originFingerprint: fc.string({ unit: 'grapheme' }) },
    tags,
    absence: fc.constantFrom('NoSuchKey' as const, 'NoSuchBucket' as const),
  },
  {
    noNullPrototype: true,
    requiredKeys: [
      ...(['status', 'etag', 'size', 'sliceBytes', 'headers', 'requestedAt', 'storedAt', 'originFingerprint'] as const),
    ],
  },
)
const kind = <K extends string>(text: K) => fc.constant(text)
const records: fc.Arbitrary<CacheRecord> = fc.oneof(
  fc.record({ kind: kind('object'), head, body: bytes }, { requiredKeys: ['kind', 'head'], noNullPrototype: true }),
  fc.record(
    { kind: kind('slice'), etag, objectSize: count, tags, bytes },
    { requiredKeys: ['kind', 'etag', 'objectSize', 'bytes'], noNullPrototype: true },
  ),
  fc.record(
    { kind: kind('vary'), names: fc.array(name), originFingerprint: fc.string({ unit: 'grapheme' }) },
    { noNullPrototype: true },
  ),
)

test('every record comes back as it was, and a shift there and back changes nothing', () => {
  const shift = fc.integer({ min: -(10 ** 9), max: 10 ** 9 })
  fc.assert(
    fc.property(ids, records, shift, (id, record, shiftMs) => {
      const there = encodeHead(id, record, shiftMs)
      assert.deepEqual(decodeRecord(there, bodyOf(record), -shiftMs), { id, record })
    }),
    { numRuns: 500 },
  )
})

test('a head cut short or grown is undefined', () => {
  fc.assert(
    fc.property(ids, records, fc.nat(), bytes, (id, record, at, rest) => {
      const whole = encodeHead(id, record)
      assert.equal(decodeRecord(whole.subarray(0, at % whole.length), bodyOf(record)), undefined)
      if (rest.length > 0) assert.equal(decodeRecord(Buffer.concat([whole, rest]), bodyOf(record)), undefined)
    }),
    { numRuns: 500 },
  )
})

test('no bytes make the decoder throw, whether noise or a head with noise in it', () => {
  const noisy = fc.tuple(ids, records, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }))
  const damaged = noisy.map(([id, record, changes]) => {
    const written = Uint8Array.from(encodeHead(id, record))
    for (const [at, byte] of changes) written[at % written.length] = byte
    return written
  })
  fc.assert(
    fc.property(fc.oneof(bytes, damaged), fc.option(bytes), (head, body) => {
      const decoded = decodeRecord(head, body ?? undefined)
      if (decoded === undefined) return
      assert.deepEqual(bodyOf(decoded.record), body ?? undefined)
      assert.deepEqual(decodeRecord(encodeHead(decoded.id, decoded.record), bodyOf(decoded.record)), decoded)
    }),
    { numRuns: 2000 },
  )
})
