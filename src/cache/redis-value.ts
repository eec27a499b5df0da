/**
 * A record as one Redis value. MessagePack, so that any tool reads it: an array of the format version, a CRC-32 of all
 * that follows it, the head (bin 32) and the bytes (bin 32, or nil: none).
 */

import { crc32 } from 'node:zlib'
import type { RecordId } from '../base/types.ts'
import { bodyOf, type CacheRecord } from './record.ts'
import { decodeHead, decodeRecord, encodeHead, recordFormat } from './record-codec.ts'

export type ReadValue =
  | { readonly kind: 'record'; readonly record: CacheRecord }
  /** Written by a proxy of another version, to which it may be of use. */
  | { readonly kind: 'foreign' }
  | { readonly kind: 'garbage' }

/** https://github.com/msgpack/msgpack/blob/master/spec.md#formats */
const arrayOfFour = 0x94
const uint32 = 0xce
const bin32 = 0xc6
const nil = 0xc0
const maxFixint = 0x7f

const crcAt = 2
const bin32Header = 5
/** Where what the checksum covers begins. */
const coveredFrom = crcAt + bin32Header

const garbage: ReadValue = { kind: 'garbage' }

/** `shiftMs` is added to every time in the record. */
export function encodeValue(id: RecordId, record: CacheRecord, shiftMs: number): Buffer {
  const head = encodeHead(id, record, shiftMs)
  const body = bodyOf(record)
  const bodyAt = coveredFrom + bin32Header + head.byteLength
  const value = Buffer.allocUnsafe(bodyAt + (body === undefined ? 1 : bin32Header + body.byteLength))
  value[0] = arrayOfFour
  value[1] = recordFormat
  writeBytes(value, coveredFrom, head)
  if (body === undefined) value[bodyAt] = nil
  else writeBytes(value, bodyAt, body)
  value[crcAt] = uint32
  value.writeUInt32BE(crc32(value.subarray(coveredFrom)), crcAt + 1)
  return value
}

/** `shiftMs` as above. The record's bytes are a copy: a short reply of Redis is a piece of what the socket read. */
export function decodeValue(id: RecordId, value: Uint8Array, shiftMs: number): ReadValue {
  const [first, version] = value
  if (first === undefined || (first & 0xf0) !== 0x90 || version === undefined) return garbage
  if (version !== recordFormat) return version <= maxFixint ? { kind: 'foreign' } : garbage
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  if (first !== arrayOfFour || bytes.length <= coveredFrom || bytes[crcAt] !== uint32) return garbage
  if (crc32(bytes.subarray(coveredFrom)) !== bytes.readUInt32BE(crcAt + 1)) return garbage
  const head = readBytes(bytes, coveredFrom)
  if (head === undefined) return garbage
  const bodyAt = coveredFrom + bin32Header + head.length
  const body = bytes[bodyAt] === nil ? undefined : readBytes(bytes, bodyAt)
  if (bytes.length !== bodyAt + (body === undefined ? 1 : bin32Header + body.length)) return garbage
  const decoded = decodeRecord(head, body && new Uint8Array(body), shiftMs)
  return decoded?.id === id ? { kind: 'record', record: decoded.record } : garbage
}

/** How much of a value has to be read for its head. 0: it is no value of this version. */
export function startLength(value: Uint8Array): number {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  const isOurs = bytes[0] === arrayOfFour && bytes[1] === recordFormat && bytes[coveredFrom] === bin32
  if (!isOurs || bytes.length < coveredFrom + bin32Header) return 0
  return coveredFrom + bin32Header + bytes.readUInt32BE(coveredFrom + 1)
}

/** The record without its bytes, from the start of a value. Good for a look alone: the checksum covers the bytes too. */
export function decodeStart(id: RecordId, start: Uint8Array, shiftMs: number): CacheRecord | undefined {
  const head = start.subarray(coveredFrom + bin32Header, startLength(start))
  const decoded = decodeHead(head, shiftMs)
  return decoded?.id === id ? decoded.record : undefined
}

function writeBytes(value: Buffer, at: number, bytes: Uint8Array): void {
  value[at] = bin32
  value.writeUInt32BE(bytes.byteLength, at + 1)
  value.set(bytes, at + bin32Header)
}

function readBytes(value: Buffer, at: number): Buffer | undefined {
  const start = at + bin32Header
  if (value[at] !== bin32 || start > value.length) return undefined
  const end = start + value.readUInt32BE(at + 1)
  return end > value.length ? undefined : value.subarray(start, end)
}
