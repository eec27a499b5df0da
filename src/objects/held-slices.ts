import { type ObjectHead, sliceLength } from '../cache/record.ts'
import { SliceFill } from './slice-fill.ts'

/** The slices that a run has in memory: what its readers wait for, and what they are at. */
export class HeldSlices {
  readonly #head: ObjectHead
  readonly #fills = new Map<number, SliceFill>()

  constructor(head: ObjectHead) {
    this.#head = head
  }

  /** Undefined: nobody has asked for it, and nothing of it has come. */
  known(index: number): SliceFill | undefined {
    return this.#fills.get(index)
  }

  at(index: number): SliceFill {
    const known = this.#fills.get(index)
    if (known !== undefined) return known
    const fill = new SliceFill(sliceLength(this.#head, index))
    this.#fills.set(index, fill)
    return fill
  }

  /** Complete ones are the store's business, and that of readers who are at them. */
  forgetComplete(before = Number.POSITIVE_INFINITY): void {
    for (const [index, fill] of this.#fills) if (index < before && fill.isComplete) this.#fills.delete(index)
  }

  /** Whoever waits for one that is not complete hears of it. */
  fail(failure: Error): void {
    for (const fill of this.#fills.values()) fill.fail(failure)
  }
}
