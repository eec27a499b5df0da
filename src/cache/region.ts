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
  readonly #inMain: 0 | 1
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

  constructor(name: 'probation' | 'main', slots: Slots, worth: ByteWorth, levels: number) {
    this.#inMain = name === 'main' ? 1 : 0
    this.#slots = slots
    this.#worth = worth
    this.#levels = levels
    const lists = sizeClasses * levels
    this.#head = new Int32Array(lists).fill(none)
    this.#tail = new Int32Array(lists).fill(none)
    this.#live = new Uint16Array(lists)
    this.#isLive = new Uint8Array(lists)
  }

  /** As its newest, with no uses yet. `level`: 0 to levels - 1. */
  link(slot: number, level: number): void {
    const slots = this.#slots
    const size = slots.size[slot] as number
    const sizeClass = sizeClassOf(size)
    const list = sizeClass * this.#levels + level
    const tail = this.#tail[list] as number
    slots.priority[slot] = this.#inflation + (level + 1) * this.#worth.of(sizeClass)
    slots.inMain[slot] = this.#inMain
    slots.level[slot] = level
    slots.hits[slot] = 0
    slots.list[slot] = list
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
    const list = slots.list[slot] as number
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
}
