import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32 } from 'node:zlib'
import { Unpackr } from 'msgpackr'
import { recordFormat } from '../../../src/cache/record-codec.ts'
import { decodeStart, decodeValue, encodeValue, startLength } from '../../../src/cache/redis-value.ts'
import { bytesIn, headOf, idOf, objectOf, sliceIdOf, sliceOf } from '../../support/cache-records.ts'
import { fc } from '../../support/fast-check.ts'

const id = idOf('films/a b.mp4')
const records = {
  object: objectOf('hello'),
  'empty object': objectOf(''),
  'object without its bytes': { kind: 'object', head: headOf(5) } as const,
  'remembered absence': { kind: 'object', head: headOf(0, { status: 404, absence: 'NoSuchKey' }) } as const,
  slice: sliceOf('a slice', 100),
  'vary marker': { kind: 'vary', names: ['accept'], originFingerprint: 'x' } as const,
}

for (const [name, record] of Object.entries(records)) {
  test(`a value gives its record back: ${name}`, () => {
    assert.deepEqual(decodeValue(id, encodeValue(id, record, 0), 0), { kind: 'record', record })
  })

  test(`any bit flipped in a value, or its end cut off, gives no record: ${name}`, () => {
    const value = encodeValue(id, record, 0)
    for (let bit = 0; bit < value.length * 8; bit++) {
      const damaged = Buffer.from(value)
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      assert.notEqual(decodeValue(id, damaged, 0).kind, 'record', `bit ${bit}`)
    }
    for (let length = 0; length < value.length; length++) {
      assert.equal(decodeValue(id, value.subarray(0, length), 0).kind, 'garbage', `${length} bytes`)
    }
    assert.equal(decodeValue(id, Buffer.concat([value, Buffer.from([0])]), 0).kind, 'garbage')
  })
}

test('a value is MessagePack that any tool reads: version, checksum, head, bytes', () => {
  const values = new Unpackr().unpack(encodeValue(id, records.object, 0)) as unknown[]
  assert.equal(values.length, 4)
  assert.equal(values[0], recordFormat)
  assert.equal(Buffer.from(values[3] as Uint8Array).toString(), 'hello')
})

test('the value of another format version is no garbage', () => {
  const value = encodeValue(id, records.slice, 0)
  value[1] = recordFormat + 1
  assert.equal(decodeValue(id, value, 0).kind, 'foreign')
})

test('what follows a value is garbage, though its checksum be right', () => {
  const value = Buffer.concat([encodeValue(id, records.object, 0), Buffer.from([0])])
  value.writeUInt32BE(crc32(value.subarray(7)), 3)
  assert.equal(decodeValue(id, value, 0).kind, 'garbage')
})

test('the value of another record is garbage', () => {
  assert.equal(decodeValue(sliceIdOf('a', 1), encodeValue(sliceIdOf('a', 2), records.slice, 0), 0).kind, 'garbage')
})

test('whatever bytes there are, they are read without throwing', () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => decodeValue(id, bytes, 0).kind !== 'record'))
  fc.assert(
    fc.property(
      fc.uint8Array(),
      (bytes) => decodeValue(id, Buffer.concat([Buffer.from([0x94, recordFormat]), bytes]), 0).kind !== 'record',
    ),
  )
})

test('times go out and come back shifted', () => {
  const shifted = decodeValue(id, encodeValue(id, records.object, 60_000), -60_000)
  assert.deepEqual(shifted, { kind: 'record', record: records.object })
  const read = decodeValue(id, encodeValue(id, records.object, 60_000), 0)
  assert.ok(read.kind === 'record' && read.record.kind === 'object')
  assert.equal(read.record.head.storedAt, 60_002)
  assert.equal(read.record.head.requestedAt, 60_001)
})

test('the bytes read are alone in their ArrayBuffer, wherever the value lay', () => {
  const value = encodeValue(id, records.object, 0)
  const reply = Buffer.alloc(65_536)
  reply.set(value, 100)
  const read = decodeValue(id, reply.subarray(100, 100 + value.length), 0)
  assert.ok(read.kind === 'record')
  const bytes = bytesIn(read.record)
  assert.equal(bytes?.buffer.byteLength, bytes?.byteLength)
  reply.fill(0)
  assert.equal(Buffer.from(bytes ?? []).toString(), 'hello')
})

test('the start of a value tells its record without the bytes, and how long that start is', () => {
  const tagged = objectOf(100_000, { tags: ['red'] })
  const value = encodeValue(id, tagged, 60_000)
  const length = startLength(value.subarray(0, 12))
  assert.ok(length > 100 && length < 1000)
  const read = decodeStart(id, value.subarray(0, length), -60_000)
  assert.ok(read?.kind === 'object' && tagged.kind === 'object')
  assert.deepEqual(read.head, tagged.head)
  assert.equal(read.body?.byteLength ?? 0, 0)
  assert.equal(decodeStart(id, value.subarray(0, length - 1), 0), undefined)
  assert.equal(decodeStart(idOf('another'), value, 0), undefined)
})

test('the start of a slice tells its tags', () => {
  const slice = { ...sliceOf('a slice', 100), tags: ['red'] }
  const read = decodeStart(sliceIdOf('a', 1), encodeValue(sliceIdOf('a', 1), slice, 0), 0)
  assert.deepEqual(read?.kind === 'slice' && read.tags, ['red'])
})

test('any start is read without throwing', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const start = Buffer.concat([Buffer.from([0x94, recordFormat]), bytes])
      return decodeStart(id, start, 0) === undefined && startLength(bytes) === 0
    }),
  )
})
