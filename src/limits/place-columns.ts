import type { PlaceColumns } from './slot-memory.ts'

const maxWord = 0
const commonLeftWord = 1
const takenWord = 2

/** `SharedPlaces` in memory that several threads see, row by row. For whoever has the lock; `taken` for anybody. */
export class ColumnPlaces {
  readonly #whole: Int32Array
  readonly #promised: Int32Array
  readonly #taken: Int32Array

  constructor({ whole, promised, taken }: PlaceColumns) {
    this.#whole = whole
    this.#promised = promised
    this.#taken = taken
  }

  /** Of all rows. */
  get taken(): number {
    return Atomics.load(this.#whole, takenWord)
  }

  get hasCommon(): boolean {
    return this.#read(commonLeftWord) > 0
  }

  takenOf(row: number): number {
    return this.#taken[row] ?? 0
  }

  /** The row has less than it was promised. */
  hasPromised(row: number): boolean {
    return this.takenOf(row) < (this.#promised[row] ?? 0)
  }

  /** False: there is none for this row. */
  take(row: number): boolean {
    if (!this.hasPromised(row)) {
      if (!this.hasCommon) return false
      this.#add(commonLeftWord, -1)
    }
    this.#taken[row] = this.takenOf(row) + 1
    this.#add(takenWord, 1)
    return true
  }

  give(row: number): void {
    this.#taken[row] = this.takenOf(row) - 1
    this.#add(takenWord, -1)
    if (!this.hasPromised(row)) this.#add(commonLeftWord, 1)
  }

  /** Anew among the rows that share, where `isSharing` is 1. The others keep what they have taken, and are promised nothing. */
  divide(max: number, isSharing: Int32Array): void {
    const sharing = isSharing.reduce((sum, one) => sum + one, 0)
    const promised = Math.floor(max / (2 * Math.max(1, sharing)))
    for (let row = 0; row < isSharing.length; row++) this.#promised[row] = isSharing[row] === 1 ? promised : 0
    this.#whole[maxWord] = max
    this.recount(this.#taken)
  }

  /** `taken`, by row, is what holds; all else follows from that. */
  recount(taken: Int32Array): void {
    let commonLeft = this.#read(maxWord)
    let sum = 0
    for (let row = 0; row < taken.length; row++) {
      const [here, promised] = [taken[row] ?? 0, this.#promised[row] ?? 0]
      this.#taken[row] = here
      commonLeft -= Math.max(here, promised)
      sum += here
    }
    this.#whole[commonLeftWord] = commonLeft
    this.#whole[takenWord] = sum
  }

  #read(word: number): number {
    return this.#whole[word] ?? 0
  }

  #add(word: number, change: number): void {
    this.#whole[word] = this.#read(word) + change
  }
}
