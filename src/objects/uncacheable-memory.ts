import { LRUCache } from 'lru-cache'
import type { Clock } from '../base/clock.ts'
import type { CacheKey } from '../cache/cache-key.ts'

/** How long nobody queues for an object whose last answer could not be stored. As Varnish's default hit-for-miss. */
const rememberMs = 120_000
const maxKeys = 10_000

/**
 * Objects whose answers were not to be stored. Their readers ask the origin at once, each for itself, instead of waiting
 * for one answer that can serve only one of them.
 */
export class UncacheableMemory {
  readonly #known = new LRUCache<string, { readonly untilMs: number; readonly why: string }>({ max: maxKeys })
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  has(key: CacheKey): boolean {
    return this.#known.size > 0 && this.why(key) !== undefined
  }

  /** Why the last answer was not to be stored. Undefined: nothing is known against it. */
  why(key: CacheKey): string | undefined {
    const known = this.#known.get(key.id)
    return known !== undefined && known.untilMs > this.#clock.monotonicMs() ? known.why : undefined
  }

  /** `why`: a word for whoever asks. */
  remember(key: CacheKey, why: string): void {
    this.#known.set(key.id, { untilMs: this.#clock.monotonicMs() + rememberMs, why })
  }

  forget(key: CacheKey): void {
    if (this.#known.size > 0) this.#known.delete(key.id)
  }
}
