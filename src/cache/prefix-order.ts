/** The first `bits` of 32. */
export function prefixOf(hash: number, bits: number): number {
  return hash >>> (32 - bits)
}

/** Slots in the order of the first bits of their hashes, as they were when it was made: a counting sort, 4 bytes a slot. */
export class PrefixOrder {
  readonly #slots: Int32Array
  /** Where the slots of each prefix begin; those of the next end them. */
  readonly #starts: Uint32Array

  /** `bits`: 1 to 20 or so. */
  constructor(bits: number, hashes: Uint32Array, isIncluded: (slot: number) => boolean) {
    const nextOf = new Uint32Array(2 ** bits + 1)
    const count = (prefix: number) => {
      nextOf[prefix + 1] = (nextOf[prefix + 1] as number) + 1
    }
    for (let slot = 0; slot < hashes.length; slot++) if (isIncluded(slot)) count(prefixOf(hashes[slot] as number, bits))
    for (let prefix = 1; prefix < nextOf.length; prefix++) {
      nextOf[prefix] = (nextOf[prefix] as number) + (nextOf[prefix - 1] as number)
    }
    this.#starts = nextOf.slice()
    this.#slots = new Int32Array(nextOf[nextOf.length - 1] as number)
    for (let slot = 0; slot < hashes.length; slot++) {
      if (!isIncluded(slot)) continue
      const prefix = prefixOf(hashes[slot] as number, bits)
      const at = nextOf[prefix] as number
      this.#slots[at] = slot
      nextOf[prefix] = at + 1
    }
  }

  /** Not to be written to. */
  slots(prefix: number): Int32Array {
    return this.#slots.subarray(this.#starts[prefix], this.#starts[prefix + 1])
  }
}
