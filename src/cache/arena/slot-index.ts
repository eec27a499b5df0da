/** Where records are: two buckets of eight slots for each digest, both in the stripe of the digest's object. */

import { type Digest, objectWord } from './digest.ts'
import { type ArenaLayout, slotsPerBucket } from './layout.ts'
import type { ArenaMemory } from './memory.ts'
import type { Pins } from './pins.ts'
import { header } from './record-header.ts'

/** A slot that changes under a reader is looked at again so often; then it is a miss. */
const looks = 4
/** How often a record was found since it came to its place, as far as it is counted; the bits above are its level in main. */
export const mostHits = 3

/** A slot is named by the word that holds its address. */
export class SlotIndex {
  /** Of the record found last. */
  foundSlot = 0
  readonly #words: Int32Array
  readonly #memory: ArenaMemory
  readonly #layout: ArenaLayout
  readonly #pins: Pins

  constructor(memory: ArenaMemory, pins: Pins) {
    this.#memory = memory
    this.#layout = memory.layout
    this.#words = memory.words
    this.#pins = pins
  }

  stripeOf(digest: Digest): number {
    return (digest[objectWord] as number) & (this.#layout.stripes - 1)
  }

  /** Guards all slots of the stripe, their accounts, and what they lead to: a segment is not freed before its slots are cleared. */
  lockOf(stripe: number): number {
    return this.#layout.stripeRows + stripe * 16
  }

  /**
   * The record's address, with a pin of this worker on its segment; 0 when there is none. Takes no lock. A segment is
   * freed after its slots were cleared and then no pin was seen. Whoever sees the slot unchanged after pinning pinned
   * before it was cleared, so that the pin is seen.
   */
  find(digest: Digest): number {
    const tag = digest[1] as number
    const first = this.#firstBucket(digest)
    const second = this.#secondBucket(digest)
    for (let slot = first + slotsPerBucket; slot < first + 2 * slotsPerBucket; slot++) {
      if (this.#words[slot - slotsPerBucket] !== tag) continue
      const address = this.#pinned(slot, digest)
      if (address !== 0) return address
    }
    for (let slot = second + slotsPerBucket; slot < second + 2 * slotsPerBucket; slot++) {
      if (this.#words[slot - slotsPerBucket] !== tag) continue
      const address = this.#pinned(slot, digest)
      if (address !== 0) return address
    }
    return 0
  }

  #pinned(slot: number, digest: Digest): number {
    for (let look = 0; look < looks; look++) {
      const address = Atomics.load(this.#words, slot)
      if (address === 0) return 0
      const segment = this.#memory.segmentOf(address)
      this.#pins.pin(segment)
      if (Atomics.load(this.#words, slot) === address) {
        if (this.isOf(address, digest)) {
          this.foundSlot = slot
          return address
        }
        this.#pins.unpin(segment)
        return 0
      }
      this.#pins.unpin(segment)
    }
    return 0
  }

  /** The record at `address` has this digest. */
  isOf(address: number, digest: Digest): boolean {
    const at = address * 4 + header.digest
    for (let word = 0; word < 4; word++) if (this.#words[at + word] !== digest[word]) return false
    return true
  }

  /** Those that hold a record of this digest: none or one. Under the stripe's lock, like all that follow. */
  slotOf(digest: Digest): number {
    for (const bucket of [this.#firstBucket(digest), this.#secondBucket(digest)]) {
      for (let slot = bucket + slotsPerBucket; slot < bucket + 2 * slotsPerBucket; slot++) {
        const address = this.#words[slot] as number
        if (address !== 0 && this.#words[slot - slotsPerBucket] === digest[1] && this.isOf(address, digest)) return slot
      }
    }
    return -1
  }

  /** An empty slot of the emptier bucket, else the one used least: its record has to go. */
  slotFor(digest: Digest): number {
    const first = this.#roomiest(this.#firstBucket(digest))
    const second = this.#roomiest(this.#secondBucket(digest))
    return this.#roominess(first) >= this.#roominess(second) ? first : second
  }

  #roomiest(bucket: number): number {
    let best = bucket + slotsPerBucket
    for (let slot = best + 1; slot < bucket + 2 * slotsPerBucket; slot++) {
      if (this.#roominess(slot) > this.#roominess(best)) best = slot
    }
    return best
  }

  #roominess(slot: number): number {
    return this.#words[slot] === 0 ? 1 : -this.usesOf(slot)
  }

  tag(slot: number, digest: Digest): void {
    this.#words[slot - slotsPerBucket] = digest[1] as number
  }

  usesOf(slot: number): number {
    return this.#memory.bytes[this.#usesAt(slot)] as number
  }

  setUses(slot: number, uses: number): void {
    this.#memory.bytes[this.#usesAt(slot)] = uses
  }

  /** Takes no lock: a use that gets lost among others costs nothing, and a hot record is not written to at all. */
  use(slot: number): void {
    const at = this.#usesAt(slot)
    const uses = this.#memory.bytes[at] as number
    if ((uses & mostHits) < mostHits) this.#memory.bytes[at] = uses + 1
  }

  /** Where the buckets of a stripe begin, and how far to go. */
  bucketsOf(stripe: number): { readonly first: number; readonly end: number } {
    const words = this.#layout.bucketsPerStripe * 2 * slotsPerBucket
    const first = this.#layout.index + stripe * words
    return { first, end: first + words }
  }

  #usesAt(slot: number): number {
    const at = slot - this.#layout.index
    return this.#layout.usesByte + (at >> 4) * slotsPerBucket + (at & 7)
  }

  #firstBucket(digest: Digest): number {
    return this.#bucket(digest, digest[0] as number)
  }

  #secondBucket(digest: Digest): number {
    return this.#bucket(digest, digest[3] as number)
  }

  #bucket(digest: Digest, word: number): number {
    const { bucketsPerStripe, index } = this.#layout
    const within = Math.floor(((word >>> 0) * bucketsPerStripe) / 2 ** 32)
    return index + (this.stripeOf(digest) * bucketsPerStripe + within) * 2 * slotsPerBucket
  }
}
