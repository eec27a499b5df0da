import { type Algorithm, roundingMs } from './algorithm.ts'

/**
 * The last `periodMs`, judged by two counters: the requests of the present window, and those of the one before by the share of
 * it that is still within reach, as if they had come evenly. One more may pass while that is no more than the limit, and the
 * present window below it. A window begins with the first request after a quiet time, else where the last one ended.
 *
 * When the windows are follows from `freshAtMs`: the end of the window after the last one that somebody asked in.
 */
export const slidingWindow: Algorithm = {
  turn({ freshAtMs, previous, current }, place, { periodMs }, nowMs) {
    // No window begins in the future, though the clock was set back or the quota was another one.
    const freshAt = Math.min(freshAtMs[place] ?? 0, nowMs + 2 * periodMs)
    freshAtMs[place] = freshAt
    if (freshAt <= nowMs) {
      previous[place] = 0
      current[place] = 0
    } else if (freshAt - periodMs <= nowMs && current[place] !== 0) {
      previous[place] = current[place] ?? 0
      current[place] = 0
    }
  },

  waitMs({ freshAtMs, previous, current }, place, { limit, periodMs }, nowMs) {
    const [before, asked] = [previous[place] ?? 0, current[place] ?? 0]
    const endsAtMs = (freshAtMs[place] ?? 0) - (asked > 0 ? periodMs : 0)
    if (asked >= limit) return endsAtMs + periodMs - (periodMs * limit) / asked - nowMs // fading in the next window
    if (before + asked <= limit) return 0
    return endsAtMs - (periodMs * (limit - asked)) / before - nowMs
  },

  remaining({ freshAtMs, previous, current }, place, { limit, periodMs }, nowMs) {
    const [before, asked] = [previous[place] ?? 0, current[place] ?? 0]
    const endsAtMs = (freshAtMs[place] ?? 0) - (asked > 0 ? periodMs : 0)
    const within = (before * (endsAtMs - nowMs - roundingMs)) / periodMs
    return Math.max(0, Math.min(limit, Math.floor(limit - Math.max(0, within)) + 1) - asked)
  },

  take({ freshAtMs, current }, place, { periodMs }, nowMs) {
    const freshAt = freshAtMs[place] ?? 0
    if (freshAt <= nowMs) freshAtMs[place] = nowMs + 2 * periodMs
    else if (current[place] === 0) freshAtMs[place] = freshAt + periodMs
    current[place] = (current[place] ?? 0) + 1
  },
}
