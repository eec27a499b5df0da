/**
 * S3-GD: S3-FIFO's two regions with GreedyDual victims. New entries come to probation; those used there move on to the
 * main region, the others leave early and are remembered as ghosts for a while. Inside a region the victim is whoever's
 * bytes are worth least. The constants were chosen on recorded request traces; the figures beside them are changes of
 * the mean miss ratio there.
 */

import type { SectionReader, SectionWriter } from './index-snapshot.ts'
import { ProbationShare } from './probation-share.ts'
import { Region } from './region.ts'
import { ByteWorth, sizeClasses } from './size-classes.ts'
import { type SizeColumn, Slots } from './slots.ts'

/** Reuse levels of the main region. One bit instead: .002 worse; 8 and more: worse when the pattern drifts. */
const mainLevels = 4
const mostHits = 3
/** Second chances per eviction. Without a bound up to 809 came at once; with it no ratio changed by more than .0005. */
const mostChances = 64

/** The lists of probation come first. */
const firstMainList = sizeClasses

export interface S3GdPolicyOptions {
  readonly maxBytes: number
  /** An empty column of the kind that sizes are to be kept in. */
  readonly sizes: SizeColumn
  /** Told of each victim, whose slot is free by then but not yet taken again. It must not call back into the policy. */
  readonly onEvict: (slot: number) => void
}

/** Which entry goes first, by slot: knows no keys and no values. Whoever owns it keeps those beside it. */
export class S3GdPolicy {
  readonly slots: Slots
  readonly #maxBytes: number
  readonly #onEvict: (slot: number) => void
  readonly #worth = new ByteWorth()
  readonly #probation: Region
  readonly #main: Region
  readonly #share: ProbationShare
  /** Bytes that ever came to probation. */
  #clock = 0

  constructor({ maxBytes, sizes, onEvict }: S3GdPolicyOptions) {
    this.slots = new Slots(sizes)
    this.#maxBytes = maxBytes
    this.#onEvict = onEvict
    this.#probation = new Region(0, this.slots, this.#worth, 1)
    this.#main = new Region(firstMainList, this.slots, this.#worth, mainLevels)
    this.#share = new ProbationShare(maxBytes)
  }

  get bytes(): number {
    return this.#probation.bytes + this.#main.bytes
  }

  isInMain(slot: number): boolean {
    return (this.slots.list[slot] as number) >= firstMainList
  }

  use(slot: number): void {
    const { hits, uses, list, born } = this.slots
    uses[slot] = (uses[slot] as number) + 1
    const count = hits[slot] as number
    if (
      count < mostHits &&
      ((list[slot] as number) >= firstMainList || this.#clock - (born[slot] as number) >= this.#share.burstBytes)
    ) {
      hits[slot] = count + 1
    }
  }

  /** Takes notice of an entry that is about to come. True: it left not long ago and belongs in the main region. */
  learn(hash: number, bytes: number): boolean {
    const isBack = this.#share.learn(hash, this.slots.count, this.bytes)
    this.#worth.note(bytes)
    return isBack
  }

  /** The slot of a new entry. Not to be called when the slots are full. */
  add(hash: number, bytes: number, toMain: boolean): number {
    const slots = this.slots
    const slot = slots.take()
    slots.size[slot] = bytes
    slots.hash[slot] = hash
    slots.uses[slot] = 0
    slots.born[slot] = this.#clock
    if (!toMain) this.#clock += bytes
    if (toMain) this.#main.link(slot, 0)
    else this.#probation.link(slot, 0)
    return slot
  }

  /** Frees the slot of an entry that leaves for other reasons than its rank; returns its bytes. */
  remove(slot: number): number {
    if (this.isInMain(slot)) this.#main.unlink(slot)
    else this.#probation.unlink(slot)
    this.slots.release(slot)
    return this.slots.size[slot] as number
  }

  /** Evicts until so many bytes fit under the bound. */
  makeRoom(bytes: number): void {
    while (this.bytes + bytes > this.#maxBytes) this.#evict(1)
  }

  /** Evicts until at most so many bytes are left, from both regions in their shares. */
  shrinkTo(bytes: number): void {
    while (this.bytes > bytes) this.#evict(bytes / this.#maxBytes)
  }

  /** `places`: for ghosts of each kind, a power of two. */
  grow(capacity: number, places: number): void {
    this.slots.grow(capacity)
    this.#share.remember(places)
  }

  save(to: SectionWriter): void {
    to.numbers(this.#clock)
    this.slots.save(to)
    this.#worth.save(to)
    this.#probation.save(to)
    this.#main.save(to)
    this.#share.save(to)
  }

  /** Only for one that is new. */
  restore(from: SectionReader): void {
    const [clock = 0] = from.numbers(1)
    this.#clock = clock
    const isSeen = this.slots.restore(from)
    this.#worth.restore(from)
    this.#probation.restore(from, isSeen)
    this.#main.restore(from, isSeen)
    this.#share.restore(from)
    from.require(!isSeen.includes(0))
  }

  /** Frees one entry, or turns probation over into the main region. `fill`: the part of the bound that may be used. */
  #evict(fill: number): void {
    const mainBytes = this.#maxBytes - this.#share.bytes
    if (this.#main.bytes > fill * mainBytes || this.#probation.bytes === 0) this.#evictFromMain()
    else this.#evictFromProbation()
  }

  #evictFromMain(): void {
    const { hits, hash } = this.slots
    for (let chances = 0; ; chances++) {
      const slot = this.#main.pop()
      const count = hits[slot] as number
      if (count === 0 || chances === mostChances) {
        this.#share.leftMain(hash[slot] as number)
        this.#drop(slot)
        return
      }
      this.#main.link(slot, Math.min(mainLevels - 1, this.#main.levelOf(slot) + count))
    }
  }

  #evictFromProbation(): void {
    const { hits, hash } = this.slots
    while (this.#probation.bytes > 0) {
      const slot = this.#probation.pop()
      const count = hits[slot] as number
      if (count === 0) {
        this.#share.leftProbation(hash[slot] as number)
        this.#drop(slot)
        return
      }
      this.#main.link(slot, count - 1)
    }
  }

  #drop(slot: number): void {
    this.slots.release(slot)
    this.#onEvict(slot)
  }
}
