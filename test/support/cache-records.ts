/** Records and ids for tests of what stores them. */

import type { EpochMs, Etag, RecordId } from '../../src/base/types.ts'
import { CacheKey } from '../../src/cache/cache-key.ts'
import { bodyOf, type CacheRecord, type ObjectHead } from '../../src/cache/record.ts'

export const idOf = (object: string, bucket = 'media'): RecordId => new CacheKey(bucket, object).id
export const sliceIdOf = (object: string, index: number, bucket = 'media'): RecordId =>
  new CacheKey(bucket, object).sliceId(index)

export function headOf(size: number, facts: Partial<ObjectHead> = {}): ObjectHead {
  return {
    status: 200,
    etag: '"1"' as Etag,
    size,
    sliceBytes: 2 ** 20,
    headers: ['Content-Type', 'text/plain'],
    requestedAt: 1 as EpochMs,
    storedAt: 2 as EpochMs,
    originFingerprint: 'http://origin/bucket',
    ...facts,
  }
}

/** An object with its body: a text, or so many zeros. */
export function objectOf(body: string | number, facts: Partial<ObjectHead> = {}): CacheRecord {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : new Uint8Array(body)
  return { kind: 'object', head: headOf(bytes.length, facts), body: bytes }
}

export function sliceOf(body: string | number, objectSize: number, etag = '"1"'): CacheRecord {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : new Uint8Array(body)
  return { kind: 'slice', etag: etag as Etag, objectSize, bytes }
}

/** The bytes a record carries. */
export function bytesIn(record: CacheRecord | undefined): Uint8Array | undefined {
  return record && bodyOf(record)
}
