/** How fast objects are fetched, by all jobs together. */

import type { Clock } from '../base/clock.ts'

export interface PaceOptions {
  /** Objects fetched at a time. */
  readonly concurrency: number
  /** Objects begun in a second. */
  readonly requestsPerSecond: number
}

/** How long tokens are saved for: timers ring late, and what they are late by is not to be lost. */
const burstMs = 100
/** Nobody tells when users' requests are through. */
const lookAgainMs = 250

interface Waiting {
  readonly enter: () => void
}

/**
 * Turns are taken in the order in which they were asked for. A turn needs a place among the `concurrency` and a token. While
 * users' requests are busy there is one place, and tokens come half as fast.
 */
export class Pace {
  readonly #options: PaceOptions
  readonly #clock: Clock
  readonly #isBusy: () => boolean
  readonly #queue = new Set<Waiting>()
  #taken = 0
  /** When all tokens are there again (the generic cell rate algorithm of ITU-T I.371, in its virtual scheduling form). */
  #fullAtMs = 0
  #callOff: (() => void) | undefined

  constructor(options: PaceOptions, clock: Clock, isBusy: () => boolean) {
    this.#options = options
    this.#clock = clock
    this.#isBusy = isBusy
  }

  /** Resolves with a place, which is to be given back by `leave`. Rejects with the signal's reason, and then there is none. */
  async enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const waiting: Waiting = { enter: resolve }
    const giveUp = () => {
      this.#queue.delete(waiting)
      reject(signal.reason)
      this.#admit()
    }
    signal.addEventListener('abort', giveUp, { once: true })
    this.#queue.add(waiting)
    this.#admit()
    try {
      await promise
    } finally {
      signal.removeEventListener('abort', giveUp)
    }
  }

  /** `unused`: nothing was asked of S3, so that somebody else may have the token. */
  leave(token: 'used' | 'unused'): void {
    this.#taken -= 1
    if (token === 'unused') this.#fullAtMs -= this.#tokenMs(false)
    this.#admit()
  }

  #tokenMs(isBusy: boolean): number {
    return (isBusy ? 2000 : 1000) / this.#options.requestsPerSecond
  }

  #admit(): void {
    this.#callOff?.()
    this.#callOff = undefined
    for (const waiting of this.#queue) {
      const waitMs = this.#waitMs()
      if (waitMs > 0) {
        if (waitMs < Number.POSITIVE_INFINITY) this.#callOff = this.#clock.alarm(waitMs, () => this.#admit())
        return
      }
      this.#queue.delete(waiting)
      this.#taken += 1
      waiting.enter()
    }
  }

  /** 0: a token has been taken. Infinity: until somebody leaves. */
  #waitMs(): number {
    const isBusy = this.#isBusy()
    const places = isBusy ? 1 : this.#options.concurrency
    if (this.#taken >= places) return isBusy ? lookAgainMs : Number.POSITIVE_INFINITY
    const now = this.#clock.monotonicMs()
    const tokenMs = this.#tokenMs(isBusy)
    const fullAtMs = Math.max(now, this.#fullAtMs)
    const waitMs = fullAtMs - now - Math.max(0, burstMs - tokenMs)
    if (waitMs > 0) return waitMs
    this.#fullAtMs = fullAtMs + tokenMs
    return 0
  }
}
