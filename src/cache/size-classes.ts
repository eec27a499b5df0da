/** Entries of like size, and what keeping one of their bytes is worth: the size-aware half of S3-GD. */

import type { SectionReader, SectionWriter } from './index-snapshot.ts'

/** Half octaves up to 2^32 bytes and beyond: full octaves cost .003 byte miss on the mean, .008 in the worst case. */
export const sizeClasses = 64

/** `2 * floor(log2 bytes)`, plus one in the upper half of that octave. */
export function sizeClassOf(bytes: number): number {
  if (bytes >= 2 ** 32) return sizeClasses - 1
  const size = Math.max(2, bytes)
  const octave = 31 - Math.clz32(size)
  return 2 * octave + ((size >>> (octave - 1)) & 1)
}

/**
 * An entry saves its reader one round trip and so many bytes, so a byte of it is worth 1/size + 1/(knee * mean size).
 * The first term alone is GDSF: few misses, but large ones. 1 favours bytes, 4 requests; at 2 the byte miss ratio was
 * below LRU's in every cell of the traces it was chosen on.
 */
const knee = 2

/** The mean follows the traffic: at this many sizes it is halved in weight, which also spaces the refreshes 4096 apart. */
const meanWindow = 8192

export class ByteWorth {
  readonly #worth = new Float64Array(sizeClasses)
  #sum = 0
  #count = 0
  #refreshAt = 1

  /** Takes the size of an admitted entry into the mean. The table is refreshed at entry 1, 2, 4, … 8192, then every 4096. */
  note(bytes: number): void {
    this.#sum += bytes
    this.#count += 1
    if (this.#count < this.#refreshAt) return
    this.#refresh()
    if (this.#count === meanWindow) {
      this.#count /= 2
      this.#sum /= 2
    }
    this.#refreshAt = this.#count * 2
  }

  of(sizeClass: number): number {
    return this.#worth[sizeClass] as number
  }

  save(to: SectionWriter): void {
    to.numbers(this.#sum, this.#count, this.#refreshAt)
    to.column(this.#worth)
  }

  restore(from: SectionReader): void {
    const [sum = 0, count = 0, refreshAt = 1] = from.numbers(3)
    this.#sum = sum
    this.#count = count
    this.#refreshAt = refreshAt
    this.#worth.set(from.column(Float64Array, sizeClasses))
  }

  #refresh(): void {
    const perByte = this.#count / (knee * this.#sum)
    for (let index = 0; index < sizeClasses; index++) {
      this.#worth[index] = 2 ** -(index / 2 + 0.25) + perByte // the middle of the class stands for its sizes
    }
  }
}
