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
  readonly #until = new LRUCache<string, number>({ max: maxKeys })
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  has(key: CacheKey): boolean {
    if (this.#until.size === 0) return false
    const until = this.#until.get(key.id)
    return until !== undefined && until > this.#clock.monotonicMs()
  }

  remember(key: CacheKey): void {
    this.#until.set(key.id, this.#clock.monotonicMs() + rememberMs)
  }

  forget(key: CacheKey): void {
    if (this.#until.size > 0) this.#until.delete(key.id)
  }
}
