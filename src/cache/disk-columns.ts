import type { SectionReader, SectionWriter } from './index-snapshot.ts'
import { widened } from './slots.ts'

/** What the disk tier knows of a record beside its rank, by slot: 20 bytes. */
export class DiskColumns {
  /** The second 32 bits of its digest; the first are its `hash` in `Slots`. */
  second = new Uint32Array(0)
  headBytes = new Uint32Array(0)
  /** One more than its length; 0: no body. */
  bodyBytes = new Uint32Array(0)
  uselessAfterS = new Uint32Array(0)
  /** Where the text of its id lies; `noText`: the slot is free. */
  textAt = new Uint32Array(0)

  grow(capacity: number): void {
    const before = this.textAt.length
    this.second = widened(this.second, capacity)
    this.headBytes = widened(this.headBytes, capacity)
    this.bodyBytes = widened(this.bodyBytes, capacity)
    this.uselessAfterS = widened(this.uselessAfterS, capacity)
    this.textAt = widened(this.textAt, capacity).fill(noText, before)
  }

  save(to: SectionWriter): void {
    for (const column of [this.second, this.headBytes, this.bodyBytes, this.uselessAfterS, this.textAt])
      to.column(column)
  }

  restore(from: SectionReader, capacity: number): void {
    this.second = from.column(Uint32Array, capacity)
    this.headBytes = from.column(Uint32Array, capacity)
    this.bodyBytes = from.column(Uint32Array, capacity)
    this.uselessAfterS = from.column(Uint32Array, capacity)
    this.textAt = from.column(Uint32Array, capacity)
  }
}

/** No address of a text: the last byte of the last segment. */
export const noText = 2 ** 32 - 1
