import type { SectionReader, SectionWriter } from './index-snapshot.ts'

/** What an entry counts for: doubles where one may be larger than 4 GiB. */
export type SizeColumn = Float64Array<ArrayBuffer> | Uint32Array<ArrayBuffer>

/**
 * The entries of S3-GD in columns: one typed array per fact, indexed by slot, so that a million entries are nine arrays
 * for the garbage collector to look at and not millions of list nodes. `slot as a number` reads assume a slot in use.
 * 39 bytes a slot, 4 more where sizes are doubles.
 */
export class Slots {
  size: SizeColumn
  /** Names the entry among ghosts; never 0. */
  hash = new Uint32Array(0)
  /** Uses since it came to its list, three at most. */
  hits = new Uint8Array(0)
  /** Uses since it came, for people to look at. */
  uses = new Uint32Array(0)
  /** The list of its region, which tells the region as well: see `Region`. */
  list = new Uint16Array(0)
  /** Reading of the byte clock when it came in. */
  born = new Float64Array(0)
  priority = new Float64Array(0)
  next = new Int32Array(0)
  previous = new Int32Array(0)
  #capacity = 0
  #count = 0
  /** Free slots are chained through `next`. */
  #free = none

  /** `sizes`: an empty column. */
  constructor(sizes: SizeColumn) {
    this.size = sizes
  }

  get capacity(): number {
    return this.#capacity
  }

  /** Slots in use. */
  get count(): number {
    return this.#count
  }

  get isFull(): boolean {
    return this.#free === none
  }

  /** Not to be called when full. */
  take(): number {
    const slot = this.#free
    this.#free = this.next[slot] as number
    this.#count += 1
    return slot
  }

  release(slot: number): void {
    this.next[slot] = this.#free
    this.#free = slot
    this.#count -= 1
  }

  grow(capacity: number): void {
    this.size = this.size instanceof Float64Array ? widened(this.size, capacity) : widened(this.size, capacity)
    this.hash = widened(this.hash, capacity)
    this.hits = widened(this.hits, capacity)
    this.uses = widened(this.uses, capacity)
    this.list = widened(this.list, capacity)
    this.born = widened(this.born, capacity)
    this.priority = widened(this.priority, capacity)
    this.next = widened(this.next, capacity)
    this.previous = widened(this.previous, capacity)
    for (let slot = capacity - 1; slot >= this.#capacity; slot--) {
      this.next[slot] = this.#free
      this.#free = slot
    }
    this.#capacity = capacity
  }

  /** All but `previous`, which `Region.restore` finds again. */
  save(to: SectionWriter): void {
    to.numbers(this.#capacity, this.#count, this.#free)
    const { size, hash, hits, uses, list, born, priority, next } = this
    for (const column of [size, hash, hits, uses, list, born, priority, next]) to.column(column)
  }

  /** Only for one that has not grown yet; its sizes are Uint32 afterwards. Marks the free slots in `isSeen`. */
  restore(from: SectionReader): Uint8Array {
    const [capacity = 0, count = 0, free = none] = from.numbers(3)
    this.size = from.column(Uint32Array)
    from.require(capacity === this.size.length)
    this.hash = from.column(Uint32Array, capacity)
    this.hits = from.column(Uint8Array, capacity)
    this.uses = from.column(Uint32Array, capacity)
    this.list = from.column(Uint16Array, capacity)
    this.born = from.column(Float64Array, capacity)
    this.priority = from.column(Float64Array, capacity)
    this.next = from.column(Int32Array, capacity)
    this.previous = new Int32Array(capacity)
    this.#capacity = capacity
    this.#count = count
    this.#free = free
    const isSeen = new Uint8Array(capacity)
    for (let slot = free; slot !== none; slot = this.next[slot] as number) {
      from.require(isSeen[slot] === 0)
      isSeen[slot] = 1
    }
    return isSeen
  }
}

/** No slot. */
export const none = -1

interface Widenable<Column> {
  readonly buffer: ArrayBuffer
  readonly BYTES_PER_ELEMENT: number
  readonly constructor: unknown
  fill(value: number): Column
}

/** The old column is gone at once, not at the next garbage collection: growing takes the room of one column, not of all. */
export function widened<Column extends Widenable<unknown>>(column: Column, length: number): Column {
  const make = column.constructor as new (buffer: ArrayBuffer) => Column
  return new make(column.buffer.transfer(length * column.BYTES_PER_ELEMENT))
}
