import { setTimeout as sleepFor } from 'node:timers/promises'
import type { EpochMs } from './types.ts'

/** Time as the product sees it. Everything that waits or compares times takes one, so that tests can turn it by hand. */
export interface Clock {
  now(): EpochMs
  /** Never steps back; only differences mean anything. */
  monotonicMs(): number
  /** Rejects with the signal's reason when it fires first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Calls `ring` once after `ms`; the returned function calls it off. Does not keep the process alive. */
  alarm(ms: number, ring: () => void): () => void
  /** Calls `ring` every `ms` until called off. Does not keep the process alive. */
  repeat(ms: number, ring: () => void): () => void
}

export const systemClock: Clock = {
  now: () => Date.now() as EpochMs,
  monotonicMs: () => performance.now(),
  async sleep(ms, signal) {
    try {
      await sleepFor(ms, undefined, signal === undefined ? {} : { signal })
    } catch (error) {
      signal?.throwIfAborted() // node says AbortError; the promise is the signal's own reason
      throw error
    }
  },
  alarm(ms, ring) {
    const timer = setTimeout(ring, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
  repeat(ms, ring) {
    const timer = setInterval(ring, ms)
    timer.unref()
    return () => clearInterval(timer)
  },
}
