import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../base/clock.ts'

/** Working time, and steps, after which others get their turn. */
const stintMs = 3
const stintSteps = 256

/** Long work in pieces, between which the event loop goes on: `if (stints.isUp()) await stints.rest()` after each step. */
export class Stints {
  readonly #clock: Clock
  #endsMs: number
  #steps = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.#endsMs = clock.monotonicMs() + stintMs
  }

  /** To be asked once a step, of some microseconds each. */
  isUp(): boolean {
    this.#steps += 1
    return this.#steps >= stintSteps || this.#clock.monotonicMs() >= this.#endsMs
  }

  async rest(): Promise<void> {
    await nextTurn()
    this.#steps = 0
    this.#endsMs = this.#clock.monotonicMs() + stintMs
  }
}
