/** The only place where the index changes: under the lock of a stripe, with its accounts. */

import type { Accounts } from './accounts.ts'
import type { Digest } from './digest.ts'
import { control, segmentRow as row } from './layout.ts'
import type { ThreadLocks } from './locks.ts'
import type { ArenaMemory } from './memory.ts'
import { bucketMask, header, isNotBefore } from './record-header.ts'
import type { Segments } from './segments.ts'
import type { SlotIndex } from './slot-index.ts'

export interface PublisherParts {
  readonly memory: ArenaMemory
  readonly locks: ThreadLocks
  readonly segments: Segments
  readonly index: SlotIndex
  readonly accounts: Accounts
  /** Called under a stripe's lock: must not come back here. */
  evicted(bucket: number, units: number): void
}

export class Publisher {
  readonly #parts: PublisherParts
  readonly #words: Int32Array

  constructor(parts: PublisherParts) {
    this.#parts = parts
    this.#words = parts.memory.words
  }

  /** Another number after every removal that may have meant this record. */
  generationOf(digest: Digest): number {
    const { index } = this.#parts
    const ofStripe = Atomics.load(this.#words, index.lockOf(index.stripeOf(digest)) + 1)
    return (ofStripe + Atomics.load(this.#words, control.clearings)) | 0
  }

  /**
   * Makes a record that was appended the one of its digest. False when it may not be: something was removed since
   * `generation`, or its segment was cleaned meanwhile. Then there is none of this digest.
   */
  publish(address: number, digest: Digest, generation: number): boolean {
    const { index } = this.#parts
    const stripe = index.stripeOf(digest)
    return this.#locked(stripe, () => {
      const old = index.slotOf(digest)
      if (!this.#isPublishable(address) || this.generationOf(digest) !== generation) {
        if (old >= 0) this.#clear(stripe, old)
        return false
      }
      if (old >= 0) this.#replace(stripe, old, address)
      else this.#occupy(stripe, address, digest)
      return true
    })
  }

  /** Makes a copy of a record the one that is found, if the record itself still is. */
  relocate(from: number, to: number, uses: number): void {
    const { index, accounts } = this.#parts
    const digest = this.digestAt(to)
    const stripe = index.stripeOf(digest)
    this.#locked(stripe, () => {
      const slot = index.slotOf(digest)
      if (slot < 0 || this.#words[slot] !== from || !this.#isPublishable(to)) return
      accounts.left(stripe, from)
      this.#countLive(from, -1)
      index.setUses(slot, uses)
      Atomics.store(this.#words, slot, to)
      this.#countLive(to, 1)
      accounts.came(stripe, to)
    })
  }

  /** Its bytes; 0 when there is none, or one that came after the record numbered `upTo`. */
  remove(digest: Digest, upTo: number | undefined): number {
    const { index } = this.#parts
    const stripe = index.stripeOf(digest)
    return this.#locked(stripe, () => {
      Atomics.add(this.#words, index.lockOf(stripe) + 1, 1)
      const slot = index.slotOf(digest)
      if (slot < 0) return 0
      const at = (this.#words[slot] as number) * 4
      if (upTo !== undefined && !isNotBefore(upTo, this.#words[at + header.number] as number)) return 0
      const units = this.#words[at + header.units] as number
      this.#clear(stripe, slot)
      return units
    })
  }

  /** What `judge` says of the record at `address`; undefined when nothing leads to it. 'evict' is done here. */
  judge<T>(address: number, judge: (uses: number) => T | 'evict'): T | 'evict' | undefined {
    const { index } = this.#parts
    const digest = this.digestAt(address)
    const stripe = index.stripeOf(digest)
    return this.#locked(stripe, () => {
      const slot = index.slotOf(digest)
      if (slot < 0 || this.#words[slot] !== address) return undefined
      const verdict = judge(index.usesOf(slot))
      if (verdict === 'evict') this.#evict(stripe, slot)
      return verdict
    })
  }

  digestAt(address: number): Digest {
    const at = address * 4 + header.digest
    return this.#words.subarray(at, at + 5)
  }

  #isPublishable(address: number): boolean {
    const { memory, segments } = this.#parts
    return segments.isInUse(memory.segmentOf(address))
  }

  #replace(stripe: number, slot: number, address: number): void {
    const { accounts } = this.#parts
    const old = this.#words[slot] as number
    accounts.left(stripe, old)
    this.#countLive(old, -1)
    Atomics.store(this.#words, slot, address)
    this.#countLive(address, 1)
    accounts.came(stripe, address)
  }

  /** A slot whose bucket is full is taken from the record used least. The address is stored last: till then nothing is found. */
  #occupy(stripe: number, address: number, digest: Digest): void {
    const { index, accounts } = this.#parts
    const slot = index.slotFor(digest)
    if (this.#words[slot] !== 0) this.#evict(stripe, slot)
    index.tag(slot, digest)
    index.setUses(slot, 0)
    Atomics.store(this.#words, slot, address)
    this.#countLive(address, 1)
    accounts.came(stripe, address)
  }

  #evict(stripe: number, slot: number): void {
    const at = (this.#words[slot] as number) * 4
    const bucket = (this.#words[at + header.flags] as number) & bucketMask
    const units = this.#words[at + header.units] as number
    this.#clear(stripe, slot)
    this.#parts.evicted(bucket, units)
  }

  #clear(stripe: number, slot: number): void {
    const address = this.#words[slot] as number
    Atomics.store(this.#words, slot, 0)
    this.#countLive(address, -1)
    this.#parts.accounts.left(stripe, address)
  }

  /** For choosing what to clean: a death can leave it wrong until the segment is used again. */
  #countLive(address: number, sign: 1 | -1): void {
    const { memory, segments } = this.#parts
    const at = segments.rowOf(memory.segmentOf(address)) + row.live
    Atomics.add(this.#words, at, sign * (this.#words[address * 4 + header.units] as number))
  }

  /** What throws half way leaves slots that are valid and accounts that may not be: the same as a death. */
  #locked<T>(stripe: number, act: () => T): T {
    const { locks, index, accounts } = this.#parts
    const lock = index.lockOf(stripe)
    locks.take(lock)
    try {
      return act()
    } catch (error) {
      accounts.recount(stripe)
      throw error
    } finally {
      locks.give(lock)
    }
  }
}
