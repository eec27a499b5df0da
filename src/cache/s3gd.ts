/**
 * S3-GD: S3-FIFO's two regions with GreedyDual victims. New entries come to probation; those used there move on to the
 * main region, the others leave early and are remembered as ghosts for a while. Inside a region the victim is whoever's
 * bytes are worth least. The constants were chosen on recorded request traces; the figures beside them are changes of
 * the mean miss ratio there.
 */

import type { RecordId } from '../base/types.ts'
import { hashOf } from './ghosts.ts'
import { ProbationShare } from './probation-share.ts'
import { Region } from './region.ts'
import type { Retention, RetentionOptions } from './retention.ts'
import { ByteWorth } from './size-classes.ts'
import { Slots } from './slots.ts'

/** Reuse levels of the main region. One bit instead: .002 worse; 8 and more: worse when the pattern drifts. */
const mainLevels = 4
const mostHits = 3
/** Second chances per eviction. Without a bound up to 809 came at once; with it no ratio changed by more than .0005. */
const mostChances = 64

const initialCapacity = 1024

export class S3GdRetention<V> implements Retention<V> {
  readonly maxEntryBytes: number
  readonly #maxBytes: number
  readonly #onEvict: RetentionOptions['onEvict']
  readonly #slotOf = new Map<RecordId, number>()
  readonly #slots = new Slots()
  /** By slot, like the columns of `#slots`. */
  #ids: (RecordId | undefined)[] = []
  #values: (V | undefined)[] = []
  readonly #worth = new ByteWorth()
  readonly #probation = new Region('probation', this.#slots, this.#worth, 1)
  readonly #main = new Region('main', this.#slots, this.#worth, mainLevels)
  readonly #share: ProbationShare
  /** Bytes that ever came to probation. */
  #clock = 0

  constructor({ maxBytes, maxEntryBytes, onEvict }: RetentionOptions) {
    this.#maxBytes = maxBytes
    this.maxEntryBytes = Math.min(maxEntryBytes, maxBytes)
    this.#onEvict = onEvict
    this.#share = new ProbationShare(maxBytes)
    this.#grow(initialCapacity)
  }

  get bytes(): number {
    return this.#probation.bytes + this.#main.bytes
  }

  get size(): number {
    return this.#slotOf.size
  }

  get(id: RecordId): V | undefined {
    const slot = this.#slotOf.get(id)
    if (slot === undefined) return undefined
    const { hits, inMain, born } = this.#slots
    const count = hits[slot] as number
    if (count < mostHits && (inMain[slot] === 1 || this.#clock - (born[slot] as number) >= this.#share.burstBytes)) {
      hits[slot] = count + 1
    }
    return this.#values[slot]
  }

  peek(id: RecordId): V | undefined {
    const slot = this.#slotOf.get(id)
    return slot === undefined ? undefined : this.#values[slot]
  }

  bytesOf(id: RecordId): number | undefined {
    const slot = this.#slotOf.get(id)
    return slot === undefined ? undefined : this.#slots.size[slot]
  }

  set(id: RecordId, value: V, bytes: number): boolean {
    const old = this.#slotOf.get(id)
    let toMain = false
    if (old !== undefined) {
      toMain = this.#slots.inMain[old] === 1
      this.#take(old)
    }
    if (bytes > this.maxEntryBytes) return false
    const hash = hashOf(id)
    if (this.#share.learn(hash, this.size, this.bytes)) toMain = true
    this.#worth.note(bytes)
    while (this.bytes + bytes > this.#maxBytes) this.#evict(1)
    this.#insert(id, value, bytes, hash, toMain)
    return true
  }

  delete(id: RecordId): number | undefined {
    const slot = this.#slotOf.get(id)
    return slot === undefined ? undefined : this.#take(slot)
  }

  shrinkTo(bytes: number): void {
    while (this.bytes > bytes) this.#evict(bytes / this.#maxBytes)
  }

  keys(): Iterable<RecordId> {
    return this.#slotOf.keys()
  }

  #insert(id: RecordId, value: V, bytes: number, hash: number, toMain: boolean): void {
    const slots = this.#slots
    if (slots.isFull) this.#grow(slots.capacity * 2)
    const slot = slots.take()
    this.#slotOf.set(id, slot)
    this.#ids[slot] = id
    this.#values[slot] = value
    slots.size[slot] = bytes
    slots.hash[slot] = hash
    slots.born[slot] = this.#clock
    if (!toMain) this.#clock += bytes
    if (toMain) this.#main.link(slot, 0)
    else this.#probation.link(slot, 0)
  }

  /** Frees one entry, or turns probation over into the main region. `fill`: the part of the bound that may be used. */
  #evict(fill: number): void {
    const mainBytes = this.#maxBytes - this.#share.bytes
    if (this.#main.bytes > fill * mainBytes || this.#probation.bytes === 0) this.#evictFromMain()
    else this.#evictFromProbation()
  }

  #evictFromMain(): void {
    const { hits, level, hash } = this.#slots
    for (let chances = 0; ; chances++) {
      const slot = this.#main.pop()
      const count = hits[slot] as number
      if (count === 0 || chances === mostChances) {
        this.#share.leftMain(hash[slot] as number)
        this.#drop(slot)
        return
      }
      this.#main.link(slot, Math.min(mainLevels - 1, (level[slot] as number) + count))
    }
  }

  #evictFromProbation(): void {
    const { hits, hash } = this.#slots
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
    this.#onEvict(this.#ids[slot] as RecordId, this.#forget(slot))
  }

  /** Unlinks and forgets an entry that stays nowhere; returns its bytes. */
  #take(slot: number): number {
    if (this.#slots.inMain[slot] === 1) this.#main.unlink(slot)
    else this.#probation.unlink(slot)
    return this.#forget(slot)
  }

  #forget(slot: number): number {
    this.#slotOf.delete(this.#ids[slot] as RecordId)
    this.#ids[slot] = undefined
    this.#values[slot] = undefined
    this.#slots.release(slot)
    return this.#slots.size[slot] as number
  }

  #grow(capacity: number): void {
    this.#slots.grow(capacity)
    this.#share.remember(capacity)
  }
}
