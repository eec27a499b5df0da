import type { SectionReader, SectionWriter } from './index-snapshot.ts'
import { type ByteWorth, sizeClasses, sizeClassOf } from './size-classes.ts'
import { none, type Slots } from './slots.ts'

/**
 * One half of S3-GD's entries, as first-in-first-out lists by size class and level. All entries of a list are worth the
 * same, so its oldest has its lowest priority, and the region's victim is the best of at most 30 (or 100) list heads.
 * No heap, and nothing moves when an entry is used.
 */
export class Region {
  /** The sum of the sizes of its entries. */
  bytes = 0
  /** In the column `list` its lists are numbered from here; `lists` of them. */
  readonly #firstList: number
  readonly #slots: Slots
  readonly #worth: ByteWorth
  readonly #levels: number
  readonly #head: Int32Array
  readonly #tail: Int32Array
  /** The lists that may have entries, in no order, `#liveCount` of them; emptied ones are found and dropped by `pop`. */
  readonly #live: Uint16Array
  readonly #isLive: Uint8Array
  #liveCount = 0
  /** GreedyDual's L: the priority of the last victim. New priorities start from it, which ages what is already here. */
  #inflation = 0

  /** `levels`: how far apart the region keeps entries by their use. */
  constructor(firstList: number, slots: Slots, worth: ByteWorth, levels: number) {
    this.#firstList = firstList
    this.#slots = slots
    this.#worth = worth
    this.#levels = levels
    const lists = sizeClasses * levels
    this.#head = new Int32Array(lists).fill(none)
    this.#tail = new Int32Array(lists).fill(none)
    this.#live = new Uint16Array(lists)
    this.#isLive = new Uint8Array(lists)
  }

  /** How much an entry of this region was used before, in steps: higher stays longer. */
  levelOf(slot: number): number {
    return ((this.#slots.list[slot] as number) - this.#firstList) % this.#levels
  }

  /** As its newest, with no uses yet. `level`: 0 to levels - 1. */
  link(slot: number, level: number): void {
    const slots = this.#slots
    const size = slots.size[slot] as number
    const sizeClass = sizeClassOf(size)
    const list = sizeClass * this.#levels + level
    const tail = this.#tail[list] as number
    slots.priority[slot] = this.#inflation + (level + 1) * this.#worth.of(sizeClass)
    slots.hits[slot] = 0
    slots.list[slot] = this.#firstList + list
    slots.previous[slot] = tail
    slots.next[slot] = none
    this.#tail[list] = slot
    if (tail === none) this.#head[list] = slot
    else slots.next[tail] = slot
    this.bytes += size
    if (this.#isLive[list] === 0) {
      this.#isLive[list] = 1
      this.#live[this.#liveCount++] = list
    }
  }

  unlink(slot: number): void {
    const slots = this.#slots
    const list = (slots.list[slot] as number) - this.#firstList
    const previous = slots.previous[slot] as number
    const next = slots.next[slot] as number
    if (previous === none) this.#head[list] = next
    else slots.next[previous] = next
    if (next === none) this.#tail[list] = previous
    else slots.previous[next] = previous
    this.bytes -= slots.size[slot] as number
  }

  /** Unlinks the entry of the lowest priority. Not to be called when empty. */
  pop(): number {
    let victim = none
    let lowest = Number.POSITIVE_INFINITY
    for (let index = this.#liveCount - 1; index >= 0; index--) {
      const list = this.#live[index] as number
      const head = this.#head[list] as number
      if (head === none) {
        this.#isLive[list] = 0
        this.#live[index] = this.#live[--this.#liveCount] as number
        continue
      }
      const priority = this.#slots.priority[head] as number
      if (priority < lowest) {
        lowest = priority
        victim = head
      }
    }
    this.#inflation = lowest // a double: exact enough for 10^12 victims without rebasing
    this.unlink(victim)
    return victim
  }

  /** The lists that may have entries go along in their order: it decides between equal priorities. */
  save(to: SectionWriter): void {
    to.numbers(this.#inflation)
    to.column(this.#head)
    to.column(this.#live.subarray(0, this.#liveCount))
  }

  /** Only for an empty one. `isSeen`: by slot, which have a place already; those of this region get theirs. */
  restore(from: SectionReader, isSeen: Uint8Array): void {
    const [inflation = 0] = from.numbers(1)
    this.#inflation = inflation
    const heads = from.column(Int32Array, this.#head.length)
    for (const list of from.column(Uint16Array)) {
      from.require(this.#isLive[list] === 0)
      this.#isLive[list] = 1
      this.#live[this.#liveCount++] = list
    }
    for (const [list, head] of heads.entries()) {
      from.require(head === none || this.#isLive[list] === 1)
      this.#head[list] = head
      this.#tail[list] = this.#walk(list, isSeen, from)
    }
  }

  /** Along `next`: sets `previous`, and the sum of the bytes. Returns the last. */
  #walk(list: number, isSeen: Uint8Array, from: SectionReader): number {
    const { next, previous, size, list: lists } = this.#slots
    let last = none
    for (let slot = this.#head[list] as number; slot !== none; slot = next[slot] as number) {
      from.require(isSeen[slot] === 0 && lists[slot] === this.#firstList + list && (size[slot] as number) >= 1)
      isSeen[slot] = 1
      previous[slot] = last
      this.bytes += size[slot] as number
      last = slot
    }
    return last
  }
}
