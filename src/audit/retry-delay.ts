import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'

export interface RetryDelayOptions {
  readonly firstMs: number
  readonly longestMs: number
}

/** The wait before another attempt: twice as long after each failure. For one who waits at a time. */
export class RetryDelay {
  readonly #options: RetryDelayOptions
  readonly #clock: Clock
  readonly #random: Random
  #failures = 0
  #end: () => void = () => undefined

  constructor(options: RetryDelayOptions, { clock, random }: { readonly clock: Clock; readonly random: Random }) {
    this.#options = options
    this.#clock = clock
    this.#random = random
  }

  wait(): Promise<void> {
    const { firstMs, longestMs } = this.#options
    const fullMs = Math.min(longestMs, firstMs * 2 ** Math.min(this.#failures, 16))
    this.#failures += 1
    return new Promise((resolve) => {
      // Half of it is chance, so that many proxies do not knock all at once.
      const callOff = this.#clock.alarm(fullMs * (0.5 + this.#random.float() / 2), resolve)
      this.#end = () => {
        callOff()
        resolve()
      }
    })
  }

  /** Ends the wait that goes on now, if there is one. */
  hurry(): void {
    this.#end()
  }

  /** It works again: the next wait is as short as the first. */
  reset(): void {
    this.#failures = 0
  }
}
