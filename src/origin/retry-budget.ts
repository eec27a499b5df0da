/** How many more requests than its clients sent an origin may get: retries that grow with an outage make it worse. */

import type { Clock } from '../base/clock.ts'

export interface RetryBudgetOptions {
  /** Retries, as a part of the requests of the last ten seconds. */
  readonly share: number
  /** So many more in ten seconds, whatever is asked: a quiet bucket may retry too. */
  readonly reserve: number
}

const spanMs = 1000
const windowSpans = 10

/** What happened within one second. */
interface Span {
  /** Whole seconds of the clock when it began. */
  readonly second: number
  requests: number
  retries: number
}

/**
 * Time is counted in whole seconds, in favour of the origin: requests for at most ten seconds, retries for at least ten. So
 * with each retry taken, those of exactly the last ten seconds are within `share` and `reserve` of the requests in them.
 */
export class RetryBudget {
  readonly #options: RetryBudgetOptions
  readonly #clock: Clock
  #current: Span = { second: 0, requests: 0, retries: 0 }
  #earlier: readonly Span[] = []

  constructor(options: RetryBudgetOptions, clock: Clock) {
    this.#options = options
    this.#clock = clock
  }

  /** A request that is no retry. */
  asked(): void {
    this.#now().requests++
  }

  /** Takes one retry. False: there is none to be had. */
  take(): boolean {
    const now = this.#now()
    let { requests, retries } = now
    for (const span of this.#earlier) {
      retries += span.retries
      if (span.second > now.second - windowSpans) requests += span.requests
    }
    if (retries + 1 > this.#options.share * requests + this.#options.reserve) return false
    now.retries++
    return true
  }

  #now(): Span {
    const second = Math.floor(this.#clock.monotonicMs() / spanMs)
    if (second === this.#current.second) return this.#current
    this.#earlier = [this.#current, ...this.#earlier].filter((span) => span.second >= second - windowSpans)
    this.#current = { second, requests: 0, retries: 0 }
    return this.#current
  }
}
