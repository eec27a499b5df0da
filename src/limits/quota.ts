import type { Algorithm, Counts } from './algorithm.ts'
import type { Limit, Rate, Standing, Verdict } from './rate-limiter.ts'
import { slidingWindow } from './sliding-window.ts'
import { tokenBucket } from './token-bucket.ts'

export type LimitAlgorithm = 'token_bucket' | 'sliding_window'

export interface Counting {
  readonly algorithm: LimitAlgorithm
  /** Of the sliding window alone. */
  readonly windowMs: number
}

/**
 * `limit` requests at once, and `limit` more in each `periodMs`: in any stretch of `t` ms no more than
 * `limit × (1 + t / periodMs)` are let through, or one more than that by the sliding window.
 */
export interface Quota {
  readonly limit: number
  readonly periodMs: number
}

/**
 * A bucket holds the burst. A window has room for the burst, or for what the rate lets through in `windowMs` where that is
 * more, and is as long as the rate needs for so many. So a burst beyond the rate widens the window, never the rate.
 */
export function quotaOf({ requestsPerSecond, burst }: Rate, { algorithm, windowMs }: Counting): Quota {
  const isBucket = algorithm === 'token_bucket'
  const limit = isBucket ? burst : Math.max(burst, Math.ceil((requestsPerSecond * windowMs) / 1000))
  return { limit, periodMs: (limit / requestsPerSecond) * 1000 }
}

export function algorithmOf({ algorithm }: Counting): Algorithm {
  return algorithm === 'token_bucket' ? tokenBucket : slidingWindow
}

/** How the counts at a place stand. Brings them to the present. */
export function standingOf(algorithm: Algorithm, counts: Counts, place: number, quota: Quota, nowMs: number): Standing {
  algorithm.turn(counts, place, quota, nowMs)
  const remaining = algorithm.remaining(counts, place, quota, nowMs)
  const resetMs = (counts.freshAtMs[place] ?? 0) - nowMs
  return { limit: quota.limit, remaining, resetSeconds: Math.max(0, Math.ceil(resetMs / 1000)) }
}

/** `waitMs` and `resetMs` are over 0: until the next request may pass, and until the whole quota is there again. */
export function limitedBy(limit: Limit, quota: Quota, waitMs: number, resetMs: number): Verdict {
  return {
    kind: 'limited',
    scope: limit.scope,
    limit: quota.limit,
    remaining: 0,
    resetSeconds: Math.ceil(resetMs / 1000),
    retryAfterSeconds: Math.ceil(waitMs / 1000),
  }
}
