/** How far the readers of a run want it to go, and the wait until they want it to go further. */

import type { Clock } from '../base/clock.ts'

export class Demand {
  readonly #clock: Clock
  #asked: number
  #wanted: number
  #wake: (() => void) | undefined

  /** Somebody will want slice `first`. */
  constructor(first: number, clock: Clock) {
    this.#clock = clock
    this.#asked = first - 1
    this.#wanted = first
  }

  /** The furthest slice a reader asked for. */
  get asked(): number {
    return this.#asked
  }

  /** The furthest slice a reader will ask for, going on as it does. */
  get wanted(): number {
    return this.#wanted
  }

  /** The slice up to which a run goes on by itself that fetches `ahead` beyond the furthest one asked for. */
  horizon(ahead: number): number {
    return Math.min(this.#asked + ahead, this.#wanted)
  }

  ask(index: number, until: number): void {
    this.#asked = Math.max(this.#asked, index)
    this.#wanted = Math.max(this.#wanted, until)
    this.wake()
  }

  /** Whoever waits looks again. */
  wake(): void {
    this.#wake?.()
  }

  /** Resolves when `isMet`, which may have become so whenever somebody asks or wakes, or after `limitMs`: then false. One waits at a time. */
  async until(isMet: () => boolean, limitMs?: number): Promise<boolean> {
    let late = false
    let callOff: (() => void) | undefined
    if (limitMs !== undefined) {
      callOff = this.#clock.alarm(limitMs, () => {
        late = true
        this.wake()
      })
    }
    while (!(late || isMet())) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    this.#wake = undefined
    callOff?.()
    return !late || isMet()
  }
}
