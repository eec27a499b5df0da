import type { Clock } from '../base/clock.ts'

/**
 * Rings once when `touch` was not called for `limitMs`. Touching costs one clock read: the alarm is not moved each time,
 * it looks when it goes off how much of the time is left.
 */
export class IdleTimer {
  readonly #clock: Clock
  readonly #limitMs: number
  readonly #ring: () => void
  #touchedAtMs = 0
  #callOff: (() => void) | undefined

  constructor(clock: Clock, limitMs: number, ring: () => void) {
    this.#clock = clock
    this.#limitMs = limitMs
    this.#ring = ring
  }

  start(): void {
    this.stop()
    this.touch()
    this.#wait(this.#limitMs)
  }

  touch(): void {
    this.#touchedAtMs = this.#clock.monotonicMs()
  }

  stop(): void {
    this.#callOff?.()
    this.#callOff = undefined
  }

  #wait(ms: number): void {
    this.#callOff = this.#clock.alarm(ms, () => {
      const leftMs = this.#touchedAtMs + this.#limitMs - this.#clock.monotonicMs()
      if (leftMs > 0) {
        this.#wait(leftMs)
        return
      }
      this.#callOff = undefined
      this.#ring()
    })
  }
}
