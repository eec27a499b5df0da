/** Records for tests of the arena, whose bytes say which record they are, and whether they are whole. */

import { crc32 } from 'node:zlib'
import { seededRandom } from '../../bench/rig/zipf-streams.ts'
import type { Digest } from '../../src/cache/arena/digest.ts'
import type { NewRecord } from '../../src/cache/arena/record-header.ts'

/** Few tags, and few objects, so that records are told apart by nothing but the rest of their digests. */
export function digestOfKey(key: number): Digest {
  const random = seededRandom(key + 1)
  const digest = Int32Array.from({ length: 5 }, () => random() * 2 ** 32)
  digest[1] = key % 3
  return digest
}

export function bodyOfKey(key: number, version: number, length: number): Buffer {
  const body = Buffer.alloc(Math.max(12, length), (key * 31 + version * 7) & 0xff)
  body.writeInt32LE(key, 4)
  body.writeInt32LE(version, 8)
  body.writeUInt32LE(crc32(body.subarray(4)), 0)
  return body
}

/** The version of key `key` that these bytes are. Throws when they are not all that was put. */
export function versionIn(bytes: Uint8Array, key: number): number {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (body.readInt32LE(4) !== key) throw new Error(`the bytes of key ${body.readInt32LE(4)} for key ${key}`)
  if (body.readUInt32LE(0) !== crc32(body.subarray(4))) throw new Error(`torn bytes for key ${key}`)
  return body.readInt32LE(8)
}

const noBytes = Buffer.alloc(0)

export function recordOfKey(key: number, version: number, length: number, bucket = 0): NewRecord {
  const id = Buffer.from(`b${bucket}:${key}`)
  return { digest: digestOfKey(key), flags: bucket, id, head: noBytes, body: bodyOfKey(key, version, length) }
}
