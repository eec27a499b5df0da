import type { Rooms } from '../cache/body-rooms.ts'
import { type ObjectHead, sliceCount, sliceLength } from '../cache/record.ts'
import { type HeldFill, SliceFill } from './slice-fill.ts'

/** The slices that a run has in memory: what its readers wait for, and what they are at. */
export class HeldSlices {
  readonly #head: ObjectHead
  readonly #rooms: Rooms | undefined
  readonly #fills = new Map<number, HeldFill>()

  constructor(head: ObjectHead, rooms: Rooms | undefined) {
    this.#head = head
    // Those of small objects are of any size, and rooms are had by size.
    this.#rooms = sliceCount(head) > 1 ? rooms : undefined
  }

  /** Undefined: nobody has asked for it, and nothing of it has come. */
  known(index: number): SliceFill | undefined {
    return this.#fills.get(index)?.fill
  }

  at(index: number): SliceFill {
    const known = this.known(index)
    if (known !== undefined) return known
    const held = new SliceFill(sliceLength(this.#head, index), this.#rooms).hold()
    this.#fills.set(index, held)
    return held.fill
  }

  /** Complete ones are the store's business, and that of readers who are at them. */
  forgetComplete(before = Number.POSITIVE_INFINITY): void {
    for (const [index, { fill, release }] of this.#fills) {
      if (index >= before || !fill.isComplete) continue
      this.#fills.delete(index)
      release()
    }
  }

  /** Whoever waits for one that is not complete hears of it. */
  fail(failure: Error): void {
    for (const { fill } of this.#fills.values()) fill.fail(failure)
  }

  /** Nobody comes any more. */
  forgetAll(): void {
    for (const { release } of this.#fills.values()) release()
    this.#fills.clear()
  }
}
