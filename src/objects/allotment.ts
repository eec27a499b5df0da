/** The memory that one run has: for how many slices. */

import { bucketOf } from '../cache/cache-key.ts'
import type { FillBudget, Unreserve } from './fill-budget.ts'
import type { RunSpec } from './run-spec.ts'

/** Slices fetched beyond the furthest one asked for. */
export const readAhead = 2
/** With the one in hand and the one before it: 4 MiB for each object being read. */
const usual = readAhead + 2
/** The one in hand and one more. */
const whereScarce = 2

export class Allotment {
  readonly #spec: Pick<RunSpec, 'key' | 'head'>
  readonly #budget: FillBudget
  readonly #signal: AbortSignal
  readonly #pressed: () => void
  #slices = usual
  #unreserve: Unreserve | undefined

  /** `pressed`: as `FillBudget.reserve` has it. */
  constructor(spec: Pick<RunSpec, 'key' | 'head'>, budget: FillBudget, signal: AbortSignal, pressed: () => void) {
    this.#spec = spec
    this.#budget = budget
    this.#signal = signal
    this.#pressed = pressed
  }

  /** How many slices may be fetched beyond the furthest one asked for. */
  get ahead(): number {
    return Math.min(readAhead, this.#slices - 1)
  }

  /** How many may be kept before that one, for readers just behind. */
  get behind(): number {
    return this.#slices - 1 - this.ahead
  }

  /** For slices from `first` to `last`, as many as may be kept at once. Undefined: it has them, and need not wait. */
  take(first: number, last: number, isGoingOn: boolean): Promise<void> | undefined {
    if (this.#unreserve !== undefined) return undefined
    const { key, head } = this.#spec
    this.#slices = this.#budget.isScarce ? whereScarce : usual
    const end = Math.min((last + 1) * head.sliceBytes, (first + this.#slices) * head.sliceBytes, head.size)
    const bytes = end - first * head.sliceBytes
    const reserved = this.#budget.reserve(bucketOf(key.id), bytes, this.#signal, this.#pressed, isGoingOn)
    if (reserved instanceof Promise) {
      return reserved.then((unreserve) => {
        this.#unreserve = unreserve
      })
    }
    this.#unreserve = reserved
    return undefined
  }

  /** Without any it does nothing. */
  giveBack(): void {
    this.#unreserve?.()
    this.#unreserve = undefined
  }
}
