/**
 * The entries of S3-GD in columns: one typed array per fact, indexed by slot, so that a million entries are ten arrays
 * for the garbage collector to look at and not millions of list nodes. `slot as a number` reads assume a slot in use.
 */
export class Slots {
  /** What the entry was set with. Doubles: an entry may be larger than 4 GiB. */
  size = new Float64Array(0)
  hash = new Uint32Array(0)
  /** Uses since it came to its list, three at most. */
  hits = new Uint8Array(0)
  inMain = new Uint8Array(0)
  /** How much it was used before, in steps: higher stays longer. */
  level = new Uint8Array(0)
  /** Reading of the byte clock when it came in. */
  born = new Float64Array(0)
  priority = new Float64Array(0)
  list = new Uint16Array(0)
  next = new Int32Array(0)
  previous = new Int32Array(0)
  #capacity = 0
  /** Free slots are chained through `next`. */
  #free = none

  get capacity(): number {
    return this.#capacity
  }

  get isFull(): boolean {
    return this.#free === none
  }

  /** Not to be called when full. */
  take(): number {
    const slot = this.#free
    this.#free = this.next[slot] as number
    return slot
  }

  release(slot: number): void {
    this.next[slot] = this.#free
    this.#free = slot
  }

  grow(capacity: number): void {
    this.size = widened(this.size, new Float64Array(capacity))
    this.hash = widened(this.hash, new Uint32Array(capacity))
    this.hits = widened(this.hits, new Uint8Array(capacity))
    this.inMain = widened(this.inMain, new Uint8Array(capacity))
    this.level = widened(this.level, new Uint8Array(capacity))
    this.born = widened(this.born, new Float64Array(capacity))
    this.priority = widened(this.priority, new Float64Array(capacity))
    this.list = widened(this.list, new Uint16Array(capacity))
    this.next = widened(this.next, new Int32Array(capacity))
    this.previous = widened(this.previous, new Int32Array(capacity))
    for (let slot = capacity - 1; slot >= this.#capacity; slot--) this.release(slot)
    this.#capacity = capacity
  }
}

/** No slot. */
export const none = -1

function widened<Column extends { set(source: Column): void }>(column: Column, wider: Column): Column {
  wider.set(column)
  return wider
}
