import type { Clock } from '../base/clock.ts'

/** Longer than it takes from a look into the store to a question here, tiers that are slow included. */
const agoMs = 1000
const maxNames = 10_000

/**
 * What has ended a moment ago. Whoever asks for it now may have looked into the store before that had what came of it, and
 * should look again.
 */
export class JustEnded {
  readonly #clock: Clock
  /** With the time of each, the oldest first. */
  readonly #names = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(name: string): void {
    const now = this.#clock.monotonicMs()
    this.#names.delete(name)
    this.#names.set(name, now)
    for (const [old, at] of this.#names) {
      if (now - at < agoMs && this.#names.size <= maxNames) return
      this.#names.delete(old)
    }
  }

  has(name: string): boolean {
    const at = this.#names.get(name)
    return at !== undefined && this.#clock.monotonicMs() - at < agoMs
  }
}
