import { type Algorithm, roundingMs } from './algorithm.ts'

/**
 * A bucket that gains a token each `periodMs / limit` until it holds `limit`; a request takes one. All there is to know of it
 * is when it will be full again (the generic cell rate algorithm of ITU-T I.371, in its virtual scheduling form).
 */
export const tokenBucket: Algorithm = {
  turn({ freshAtMs }, place, { periodMs }, nowMs) {
    // No bucket is emptier than empty, though the clock was set back or the quota was another one.
    freshAtMs[place] = Math.min(Math.max(nowMs, freshAtMs[place] ?? 0), nowMs + periodMs)
  },

  waitMs({ freshAtMs }, place, { limit, periodMs }, nowMs) {
    return (freshAtMs[place] ?? 0) - nowMs - (periodMs - periodMs / limit)
  },

  remaining({ freshAtMs }, place, { limit, periodMs }, nowMs) {
    const missing = (((freshAtMs[place] ?? 0) - nowMs - roundingMs) / periodMs) * limit
    return Math.max(0, Math.floor(limit - Math.max(0, missing)))
  },

  take({ freshAtMs }, place, { limit, periodMs }) {
    freshAtMs[place] = (freshAtMs[place] ?? 0) + periodMs / limit
  },
}
