import type { Quota } from './quota.ts'

/** What is known of many keys, in columns: what belongs to one key lies at the same place of each. Zeros: never charged. */
export interface Counts {
  /** From then on the key is as good as never charged. */
  readonly freshAtMs: Float64Array
  /** Requests in the window before, and in this one; the token bucket has no use for them. */
  readonly previous: Uint32Array
  readonly current: Uint32Array
}

/** Pure arithmetic: `redis-script.ts` says the same in Lua. Times are of any one clock. */
export interface Algorithm {
  /** Brings what lies at a place to the present; comes before the other two. It changes only how the counts are written down. */
  turn(counts: Counts, place: number, quota: Quota, nowMs: number): void
  /** How long until one more request may pass, if nobody else asks; `roundingMs` or less: it may now. */
  waitMs(counts: Counts, place: number, quota: Quota, nowMs: number): number
  /** How many requests may pass now, one after the other; 0 or more. */
  remaining(counts: Counts, place: number, quota: Quota, nowMs: number): number
  /** Charges one request; only when it may pass. */
  take(counts: Counts, place: number, quota: Quota, nowMs: number): void
}

/** Sums of fractions are off by a little: who waited exactly as long as told is not sent away for that. */
export const roundingMs = 0.001
