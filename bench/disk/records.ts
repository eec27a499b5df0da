/** What the million-record bench fills a cache folder with. */
import { systemClock } from '../../src/base/clock.ts'
import type { EpochMs, Etag, RecordId } from '../../src/base/types.ts'
import { CacheKey } from '../../src/cache/cache-key.ts'
import type { DiskTierOptions, DiskTierPorts } from '../../src/cache/disk-tier.ts'
import type { CacheRecord } from '../../src/cache/record.ts'

export function objectId(index: number): RecordId {
  return new CacheKey('bench', `images/${index % 1000}/${index}.jpg`).id
}

/** A thousandth of all have the same, as a thousandth is in the same folder. */
export function tagOf(index: number): string {
  return `group-${index % 1000}`
}

export function objectRecord(index: number, bytes: number, now: EpochMs): CacheRecord {
  const headers = [
    ...['ETag', `"${index.toString(16).padStart(32, '0')}"`],
    ...['Last-Modified', 'Tue, 01 Sep 2026 00:00:00 GMT'],
    ...['Content-Type', 'image/jpeg'],
    ...['Cache-Control', 'max-age=86400'],
  ]
  return {
    kind: 'object',
    head: {
      status: 200,
      etag: `"${index.toString(16).padStart(32, '0')}"` as Etag,
      size: bytes,
      sliceBytes: 2 ** 20,
      headers,
      requestedAt: now,
      storedAt: now,
      originFingerprint: 'http://127.0.0.1/bench',
      tags: [tagOf(index)],
    },
    body: Buffer.alloc(bytes, index & 0xff),
  }
}

export function tierOptions(folder: string): DiskTierOptions {
  return { folder, maxBytes: 64 * 2 ** 30, uselessAfter: () => undefined }
}

/** A failure ends the bench. */
export const tierPorts: DiskTierPorts = {
  clock: systemClock,
  events: {
    evicted: () => {},
    failed: (_tier, _operation, error) => {
      throw error
    },
  },
  purges: { remembered: () => {} },
}
