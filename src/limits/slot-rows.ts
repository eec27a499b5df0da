/** Which row of the counts is which bucket's: the same for all threads, whichever configuration they have by now. */

import { hash } from 'node:crypto'
import { digestWords, type SlotMemory, slotWords } from './slot-memory.ts'

/** Of those that found no row of their own: together they are as one bucket. */
const rowOfOthers = 0

/** For whoever has the lock. */
export class SlotRows {
  readonly #memory: SlotMemory

  constructor(memory: SlotMemory) {
    this.#memory = memory
  }

  /** Rows are good while it is the same. */
  get version(): number {
    return this.#memory.words[slotWords.version] ?? 0
  }

  /** A new one for a bucket that has none: one that is not of the configuration, or found no row when that was made. */
  rowOf(bucket: string): number {
    const digest = digestOf(bucket)
    return this.#known(digest) ?? (this.#memory.isSharing[rowOfOthers] === 1 ? rowOfOthers : this.#open(digest))
  }

  /** From now on these are the buckets of the configuration. */
  share(buckets: readonly string[]): void {
    const { isSharing } = this.#memory
    isSharing.fill(0)
    const digests = buckets.map(digestOf)
    const known = digests.map((digest) => this.#known(digest))
    for (const row of known) if (row !== undefined) isSharing[row] = 1
    for (const [index, digest] of digests.entries()) isSharing[known[index] ?? this.#open(digest)] = 1
  }

  #known(digest: Int32Array): number | undefined {
    const { digests } = this.#memory
    for (let row = this.#lastRow; row > rowOfOthers; row--) {
      const at = row * digestWords
      if (digest.every((word, index) => digests[at + index] === word)) return row
    }
    return undefined
  }

  #open(digest: Int32Array): number {
    const { words, digests, shape } = this.#memory
    const next = this.#lastRow + 1
    const row = next < shape.rows ? next : this.#idleRow()
    if (row === rowOfOthers) return row
    digests.set(digest, row * digestWords)
    if (row === next) words[slotWords.lastRow] = row
    else words[slotWords.version] = this.version + 1
    return row
  }

  /** Of a bucket that is gone, and the last of its requests too. */
  #idleRow(): number {
    const { isSharing, slots, queue } = this.#memory
    for (let row = this.#lastRow; row > rowOfOthers; row--)
      if (isSharing[row] === 0 && slots.taken[row] === 0 && queue.taken[row] === 0) return row
    return rowOfOthers
  }

  get #lastRow(): number {
    return this.#memory.words[slotWords.lastRow] ?? 0
  }
}

function digestOf(bucket: string): Int32Array {
  return new Int32Array(new Uint8Array(hash('sha256', bucket, 'buffer')).buffer, 0, digestWords)
}
