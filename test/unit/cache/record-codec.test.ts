import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { pack } from 'msgpackr'
import type { EpochMs } from '../../../src/base/types.ts'
import { bodyOf, type CacheRecord } from '../../../src/cache/record.ts'
import { decodeHead, decodeRecord, encodeHead, recordFormat } from '../../../src/cache/record-codec.ts'
import { headOf, idOf, objectOf, sliceIdOf, sliceOf } from '../../support/cache-records.ts'
import { goldenRecords } from '../../support/golden-records.ts'

const id = idOf('films/a.mp4')

/** The fields of an object's head as version 2 writes them, for changing one. */
const written: readonly unknown[] = [
  ...[2, 'media:a', 0, null],
  ...[200, '"1"', 5, 1024, ['Content-Type', 'text/plain'], 1000, 2000, 'http://origin/bucket', 0, []],
]
const decodeWritten = (values: readonly unknown[], body?: Uint8Array) => decodeRecord(pack(values), body)

test('a record comes back with its id, of every kind', () => {
  const records: readonly CacheRecord[] = [
    objectOf('hello', { headers: ['X-Amz-Meta-A', '\xe9', 'Set-Cookie', 'a', 'Set-Cookie', 'b', 'X-Empty', ''] }),
    { kind: 'object', head: headOf(2 ** 50, { requestedAt: 1767225600000 as EpochMs }) },
    { kind: 'object', head: headOf(0, { status: 404, absence: 'NoSuchKey' }) },
    { kind: 'object', head: headOf(0, { status: 404, absence: 'NoSuchBucket' }) },
    objectOf('tagged', { tags: ['red', '\u65e5\u672c'], absence: 'NoSuchKey' }),
    sliceOf('a slice', 100),
    { ...sliceOf('a slice', 100), tags: ['red'] } as CacheRecord,
    { kind: 'vary', names: ['accept', 'origin'], originFingerprint: 'x' },
  ]
  for (const record of records) {
    assert.deepEqual(decodeRecord(encodeHead(id, record), bodyOf(record)), { id, record })
  }
})

test('the bytes handed in are the bytes of the record, not a copy', () => {
  const record = sliceOf('a slice', 100)
  const body = bodyOf(record)
  const decoded = decodeRecord(encodeHead(id, record), body)?.record
  assert.equal(decoded?.kind === 'slice' && decoded.bytes, body)
})

test('an empty body is told apart from none, and a body of another length is refused', () => {
  const empty = objectOf('')
  const none: CacheRecord = { kind: 'object', head: headOf(0) }
  assert.deepEqual(decodeRecord(encodeHead(id, empty), new Uint8Array())?.record, empty)
  assert.deepEqual(decodeRecord(encodeHead(id, none), undefined)?.record, none)
  assert.equal(decodeRecord(encodeHead(id, empty), undefined), undefined)
  assert.equal(decodeRecord(encodeHead(id, none), new Uint8Array()), undefined)
  assert.equal(decodeRecord(encodeHead(id, objectOf('hello')), new Uint8Array(4)), undefined)
})

test('a shift moves the times of an object and nothing else', () => {
  const record = objectOf('a', { requestedAt: 1000 as EpochMs, storedAt: 2000 as EpochMs })
  const later = objectOf('a', { requestedAt: 1500 as EpochMs, storedAt: 2500 as EpochMs })
  assert.deepEqual(decodeRecord(encodeHead(id, record, 500), bodyOf(record))?.record, later)
  assert.deepEqual(decodeRecord(encodeHead(id, record), bodyOf(record), 500.4)?.record, later)
  assert.deepEqual(decodeRecord(encodeHead(id, record, -3000), bodyOf(record), 3000)?.record, record)
  const slice = sliceOf('a', 1)
  assert.deepEqual(decodeRecord(encodeHead(id, slice, 500), bodyOf(slice), 500)?.record, slice)
})

test('another version is undefined, older or newer', () => {
  assert.notEqual(decodeWritten(written), undefined)
  for (const version of [0, recordFormat + 1, '1', null]) {
    assert.equal(decodeWritten([version, ...written.slice(1)]), undefined)
  }
})

test('fields of a wrong type, out of bounds, missing or too many are undefined', () => {
  const wrong: readonly (readonly [position: number, ...values: unknown[]])[] = [
    [1, 7, 'no colon', null],
    [2, 3, -1, 'object', null],
    [3, 0, -1, 'x'],
    [4, -1, 1.5, '200', null, 2 ** 60],
    [5, 1, null],
    [6, -1, 0.1, Number.NaN],
    [7, -1, '1024'],
    [8, 'x', ['Content-Type'], ['a', 1], ['a b', 'c'], ['', 'c'], ['a', 'b\r\nc'], ['a', '\u0100'], { a: 'b' }],
    [9, '1', 1.5, null],
    [10, '1', 1.5, null],
    [11, 1, null],
    [12, 3, -1, 'NoSuchKey'],
    [13, null, 'red', [1], [null], {}],
  ]
  for (const [position, ...values] of wrong) {
    for (const value of values) {
      assert.equal(decodeWritten(written.with(position, value)), undefined, `${position}: ${JSON.stringify(value)}`)
    }
  }
  assert.equal(decodeWritten(written.slice(0, -1)), undefined)
  assert.equal(decodeWritten([...written, 0]), undefined)

  const body = new Uint8Array(2)
  assert.notEqual(decodeWritten([2, 'media:a', 1, 2, '"1"', 9, []], body), undefined)
  for (const fields of [
    ['"1"', 9],
    [1, 9, []],
    ['"1"', -1, []],
    ['"1"', 9, 9],
    ['"1"', 9, [1]],
    ['"1"', 9, [], 9],
  ]) {
    assert.equal(decodeWritten([2, 'media:a', 1, 2, ...fields], body), undefined)
  }
  assert.equal(decodeWritten([2, 'media:a', 1, null, '"1"', 9, []]), undefined)
  assert.notEqual(decodeWritten([2, 'media:a', 2, null, ['accept'], 'x']), undefined)
  for (const fields of [[['accept']], ['accept', 'x'], [[1], 'x'], [['accept'], 1], [['accept'], 'x', 0]]) {
    assert.equal(decodeWritten([2, 'media:a', 2, null, ...fields]), undefined)
  }
  assert.equal(decodeWritten([2, 'media:a', 2, 2, ['accept'], 'x'], body), undefined)
})

test('what is no MessagePack array of ours is undefined, and spoils nothing for what follows', () => {
  const good = encodeHead(sliceIdOf('a', 3), sliceOf('ab', 100))
  const garbage = [
    [],
    [0xc1],
    [0x01],
    [0x80],
    [0xdd, 0xff, 0xff, 0xff, 0xff],
    // The package's own extension: a definition of a record type under 0x40, which must not stay.
    [0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61, 0x01],
    [...good, 0],
    [...good.subarray(0, -1)],
  ]
  for (const bytes of garbage) {
    assert.equal(decodeRecord(Uint8Array.from(bytes), new Uint8Array(2)), undefined)
    assert.equal(decodeRecord(good, new Uint8Array(2))?.id, sliceIdOf('a', 3))
  }
})

const golden = (file: string) => readFileSync(new URL(`../golden/${file}`, import.meta.url))

test('heads of version 2 are read, and written, as they were', () => {
  for (const [name, { id, record }] of Object.entries(goldenRecords)) {
    const bytes = golden(`record-v2-${name}.msgpack`)
    assert.deepEqual(decodeRecord(bytes, bodyOf(record)), { id, record }, name)
    assert.equal(Buffer.compare(encodeHead(id, record), bytes), 0, name)
  }
})

test('heads of version 1 had no tags: who reads one has nothing, whatever bytes go with it', () => {
  const files = globSync('record-v1-*.msgpack', { cwd: new URL('../golden', import.meta.url) })
  assert.equal(files.length, 5)
  for (const file of files) {
    for (const { record } of Object.values(goldenRecords)) {
      assert.equal(decodeRecord(golden(file), bodyOf(record)), undefined, file)
    }
    assert.equal(decodeHead(golden(file)), undefined)
  }
})
