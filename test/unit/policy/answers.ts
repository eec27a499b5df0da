/** Answers and policies for the tables of this folder. Times are seconds around one moment. */

import type { EpochMs, Etag, HeaderList } from '../../../src/base/types.ts'
import type { ObjectHead } from '../../../src/cache/record.ts'
import type { CachePolicy } from '../../../src/policy/cache-policy.ts'

export const MiB = 1024 * 1024

/** When every answer of the tables arrives: Fri, 20 Nov 2026 12:00:00 GMT. */
export const arrival = Date.UTC(2026, 10, 20, 12) as EpochMs

export const at = (seconds: number) => (arrival + seconds * 1000) as EpochMs

/** An HTTP-date, `seconds` after the arrival. */
export const date = (seconds: number) => new Date(at(seconds)).toUTCString()

/** `default_ttl_seconds: origin`, and every other key as it is by default. */
export function policyOf(changes: Partial<CachePolicy> = {}): CachePolicy {
  return {
    enabled: true,
    ttlMs: 'origin',
    negativeTtlMs: 10_000,
    staleWhileRevalidateMs: 0,
    staleIfErrorMs: 0,
    respectOrigin: true,
    requestDirectives: 'honour',
    revalidate: 'ttl',
    maxObjectBytes: Number.POSITIVE_INFINITY,
    sliceBytes: MiB,
    ...changes,
  }
}

export function headOf(headers: HeaderList, changes: Partial<ObjectHead> = {}): ObjectHead {
  return {
    status: 200,
    etag: '"v1"' as Etag,
    size: 5,
    sliceBytes: MiB,
    headers,
    requestedAt: arrival,
    storedAt: arrival,
    originFingerprint: 'origin',
    ...changes,
  }
}

/** `Name: value` lines as a header list. */
export function lines(...fields: readonly string[]): HeaderList {
  return fields.flatMap((line) => {
    const colon = line.indexOf(': ')
    return [line.slice(0, colon), line.slice(colon + 2)]
  })
}
