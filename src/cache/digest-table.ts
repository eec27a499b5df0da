import { randomFillSync } from 'node:crypto'
import type { DiskColumns } from './disk-columns.ts'
import { none, type Slots } from './slots.ts'

/** So that growing never holds up the process: a part of a million entries has a thousand, which move in 0.1 ms. */
const partBits = 10
const cellBits = 32 - partBits

/** Between half and three quarters of a part are full: 2 probes to find an entry, 4 to find none. */
const fullest = 0.75
const growth = 1.5

/** A part that nothing came to yet; never written to. */
const emptyPart = Int32Array.of(none)

/**
 * From digest to slot: open addressing with linear probing, and no tombstones, since what follows a removed entry moves
 * up. 8 bytes an entry at most. Where an entry lies depends on a secret, so that nobody can choose keys that all fall
 * together (their first 64 bits would have to be equal); nothing else depends on it.
 */
export class DigestTable {
  readonly #slots: Slots
  readonly #columns: DiskColumns
  readonly #secret = randomFillSync(new Uint32Array(2))
  readonly #parts: Int32Array[] = new Array(2 ** partBits).fill(emptyPart)
  readonly #counts = new Uint32Array(2 ** partBits)

  constructor(slots: Slots, columns: DiskColumns) {
    this.#slots = slots
    this.#columns = columns
  }

  /** The slot with these first 64 bits that `isIt` accepts; `none` when there is none. */
  find(first: number, second: number, isIt: (slot: number) => boolean): number {
    const { hash } = this.#slots
    const seconds = this.#columns.second
    const mixed = this.#mix(first, second)
    const cells = this.#parts[mixed >>> cellBits] as Int32Array
    for (let cell = homeIn(cells, mixed); ; cell = after(cells, cell)) {
      const slot = cells[cell] as number
      if (slot === none || (hash[slot] === first && seconds[slot] === second && isIt(slot))) return slot
    }
  }

  add(slot: number): void {
    const mixed = this.#mixOf(slot)
    const part = mixed >>> cellBits
    const count = (this.#counts[part] as number) + 1
    this.#counts[part] = count
    if (count > fullest * (this.#parts[part] as Int32Array).length) this.#grow(part)
    place(this.#parts[part] as Int32Array, mixed, slot)
  }

  /** Of a slot that is in it, while its digest still stands in the columns. */
  remove(slot: number): void {
    const mixed = this.#mixOf(slot)
    const part = mixed >>> cellBits
    const cells = this.#parts[part] as Int32Array
    let hole = homeIn(cells, mixed)
    while (cells[hole] !== slot) hole = after(cells, hole)
    for (let cell = after(cells, hole); cells[cell] !== none; cell = after(cells, cell)) {
      const follower = cells[cell] as number
      if (distance(cells, homeIn(cells, this.#mixOf(follower)), cell) < distance(cells, hole, cell)) continue
      cells[hole] = follower
      hole = cell
    }
    cells[hole] = none
    this.#counts[part] = (this.#counts[part] as number) - 1
  }

  #grow(part: number): void {
    const old = this.#parts[part] as Int32Array
    const cells = new Int32Array(Math.ceil(old.length * growth) + 2).fill(none)
    for (const slot of old) if (slot !== none) place(cells, this.#mixOf(slot), slot)
    this.#parts[part] = cells
  }

  #mixOf(slot: number): number {
    return this.#mix(this.#slots.hash[slot] as number, this.#columns.second[slot] as number)
  }

  /** Multiplications and shifts as in MurmurHash3's finalizer. The first bits choose the part, the others the cell. */
  #mix(first: number, second: number): number {
    const [secret = 0, other = 0] = [this.#secret[0], this.#secret[1]]
    let mixed = Math.imul(first ^ secret, 0x85ebca6b)
    mixed = Math.imul(mixed ^ (mixed >>> 13) ^ second ^ other, 0xc2b2ae35)
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
    return (mixed ^ (mixed >>> 15)) >>> 0
  }
}

function place(cells: Int32Array, mixed: number, slot: number): void {
  let cell = homeIn(cells, mixed)
  while (cells[cell] !== none) cell = after(cells, cell)
  cells[cell] = slot
}

function homeIn(cells: Int32Array, mixed: number): number {
  return Math.floor((mixed % 2 ** cellBits) * (cells.length / 2 ** cellBits))
}

function after(cells: Int32Array, cell: number): number {
  return cell + 1 === cells.length ? 0 : cell + 1
}

function distance(cells: Int32Array, from: number, to: number): number {
  return to >= from ? to - from : to - from + cells.length
}
