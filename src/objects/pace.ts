/** How much a run asks for at once: by the pace of its readers, and whether others wait for the memory or the connection it has. */

import type { Clock } from '../base/clock.ts'
import type { Origin } from '../origin/origin.ts'
import type { FillBudget } from './fill-budget.ts'

/** What a run fills before others that wait have their turn: each turn is one more origin request. */
const turnSlices = 8
/** Where many share few connections, somebody waits in one moment and nobody in the next. */
const pressedForMs = 5000

export class Pace {
  readonly #budget: Pick<FillBudget, 'waiting'>
  readonly #origin: Pick<Origin, 'waiting'>
  readonly #clock: Clock
  #lastPressedMs = Number.NEGATIVE_INFINITY
  /** Its readers are slower than the origin. */
  #isAhead = false
  /** Since it last had an answer. */
  #hasPaused = false
  #filledInTurn = 0

  constructor(budget: Pick<FillBudget, 'waiting'>, origin: Pick<Origin, 'waiting'>, clock: Clock) {
    this.#budget = budget
    this.#origin = origin
    this.#clock = clock
  }

  /** Others wait for memory. */
  get isMemoryWanted(): boolean {
    return this.#budget.waiting > 0
  }

  /** Others wait. It remembers that, so it should be asked often. */
  isPressed(): boolean {
    const isPressed = this.isMemoryWanted || this.#origin.waiting > 0
    if (isPressed) this.#lastPressedMs = this.#clock.monotonicMs()
    return isPressed
  }

  /** Others have waited for long enough. */
  isTurnOver(): boolean {
    return this.isPressed() && this.#filledInTurn >= turnSlices
  }

  turnBegan(): void {
    this.#filledInTurn = 0
  }

  filled(): void {
    this.#filledInTurn++
  }

  /** It has all that its readers want for now. */
  paused(): void {
    this.#isAhead = true
    this.#hasPaused = true
  }

  /** `isAwaited`: a reader is waiting for what comes. One that had paused, and is late, had to wait for a connection. */
  answered(isAwaited: boolean): void {
    if (isAwaited && !this.#hasPaused) this.#isAhead = false
    this.#hasPaused = false
  }

  /** With which slice to end that is asked for now, from `next` on; `horizon`: up to this one it would go on by itself. */
  endOf(next: number, horizon: number, last: number): number {
    if (!this.isPressed() && this.#clock.monotonicMs() - this.#lastPressedMs >= pressedForMs) return last
    // What is asked for beyond a turn is lost: it is on its way when the run gives way, megabytes of it.
    return Math.min(last, next + turnSlices - 1, this.#isAhead ? Math.max(next, horizon) : last)
  }
}
