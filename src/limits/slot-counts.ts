import { ColumnPlaces } from './place-columns.ts'
import { type SlotMemory, slotWords } from './slot-memory.ts'

/**
 * Who has slots, who waits, and who is next, among all threads: as `FairSlots` decides it, and within a bucket the threads in
 * turn. A slot that is given back while somebody waits is granted at once, to one thread; so nobody can come between.
 *
 * Everything here is for the thread that has the lock. Whoever gets something to do is noted in `woken`.
 */
export class SlotCounts {
  /** Threads that were granted something since this was emptied, and do not know yet. */
  readonly woken: number[] = []
  readonly #memory: SlotMemory
  readonly #slots: ColumnPlaces
  readonly #queue: ColumnPlaces
  readonly #thread: number
  readonly #first: number

  /** For what `thread` takes and gives. */
  constructor(memory: SlotMemory, thread: number) {
    this.#memory = memory
    this.#slots = new ColumnPlaces(memory.slots)
    this.#queue = new ColumnPlaces(memory.queue)
    this.#thread = thread
    this.#first = thread * memory.shape.rows
  }

  get taken(): number {
    return this.#slots.taken
  }

  get waiting(): number {
    return this.#queue.taken
  }

  take(row: number): boolean {
    if (!this.#slots.take(row)) return false
    add(this.#memory.held, this.#first + row, 1)
    return true
  }

  give(row: number): void {
    add(this.#memory.held, this.#first + row, -1)
    this.#slots.give(row)
    if (this.waiting > 0) this.#seat(row)
  }

  /** False: there is no room in the queue. */
  join(row: number): boolean {
    const { queued, rowTurns, cellTurns } = this.#memory
    const isFirst = this.#queue.takenOf(row) === 0
    if (!this.#queue.take(row)) return false
    const cell = this.#first + row
    if (this.#waitingIn(cell) === 0) this.#giveTurn(cellTurns, cell)
    if (isFirst) this.#giveTurn(rowTurns, row)
    add(queued, cell, 1)
    return true
  }

  /** One of those that wait goes away; a slot that was meant for it goes to the next one. */
  leave(row: number): void {
    const { queued, granted } = this.#memory
    const cell = this.#first + row
    if (this.#waitingIn(cell) > 0) {
      add(queued, cell, -1)
      this.#queue.give(row)
      return
    }
    add(granted, cell, -1)
    add(queued, cell, -1)
    this.#slots.give(row)
    this.#seat(row)
  }

  /** The thread has come. */
  answer(): void {
    this.#memory.isWoken[this.#thread] = 0
  }

  /** How many of those that wait are let in now. */
  collect(row: number): number {
    const { held, queued, granted } = this.#memory
    const cell = this.#first + row
    const count = granted[cell] ?? 0
    if (count === 0) return 0
    granted[cell] = 0
    add(queued, cell, -count)
    add(held, cell, count)
    return count
  }

  /** The rows that share are known by now. */
  divide(max: number, queue: number): void {
    const { isSharing } = this.#memory
    this.#slots.divide(max, isSharing)
    this.#queue.divide(queue, isSharing)
    this.#seatAll()
  }

  /** What a thread had that has ended is there again. Right whatever it was at, with the lock or without. */
  forget(thread: number): void {
    const { shape, held, queued, granted, isWoken } = this.#memory
    const first = thread * shape.rows
    for (const column of [held, queued, granted]) column.fill(0, first, first + shape.rows)
    isWoken.fill(0) // it may have owed others a call
    const taken = new Int32Array(shape.rows)
    const waiting = new Int32Array(shape.rows)
    for (let cell = 0; cell < held.length; cell++) {
      add(taken, cell % shape.rows, (held[cell] ?? 0) + (granted[cell] ?? 0))
      add(waiting, cell % shape.rows, this.#waitingIn(cell))
      if ((granted[cell] ?? 0) > 0) this.#wake(cell)
    }
    this.#slots.recount(taken)
    this.#queue.recount(waiting)
    this.#seatAll()
  }

  #seatAll(): void {
    const last = this.#lastRow
    for (let row = 0; row <= last; row++) this.#seatPromised(row)
    this.#seatCommon()
  }

  /** What is promised goes to its owner, what is common to whoever's turn it is. */
  #seat(owner: number): void {
    this.#seatPromised(owner)
    this.#seatCommon()
  }

  #seatPromised(row: number): void {
    while (this.#queue.takenOf(row) > 0 && this.#slots.hasPromised(row)) this.#grant(row)
  }

  #seatCommon(): void {
    while (this.waiting > 0 && this.#slots.hasCommon) {
      const row = this.#nextRow()
      this.#grant(row)
      this.#giveTurn(this.#memory.rowTurns, row)
    }
  }

  #grant(row: number): void {
    const { granted, cellTurns } = this.#memory
    const cell = this.#nextCell(row)
    this.#slots.take(row)
    this.#queue.give(row)
    add(granted, cell, 1)
    this.#giveTurn(cellTurns, cell)
    this.#wake(cell)
  }

  #wake(cell: number): void {
    const { isWoken, shape } = this.#memory
    const thread = Math.floor(cell / shape.rows)
    if (isWoken[thread] === 1) return
    isWoken[thread] = 1
    this.woken.push(thread)
  }

  #nextRow(): number {
    const { rowTurns } = this.#memory
    let next = 0
    let least = Number.POSITIVE_INFINITY
    const last = this.#lastRow
    for (let row = 0; row <= last; row++) {
      const turn = rowTurns[row] ?? 0
      if (turn >= least || this.#queue.takenOf(row) === 0) continue
      next = row
      least = turn
    }
    return next
  }

  #nextCell(row: number): number {
    const { cellTurns, shape } = this.#memory
    let next = row
    let least = Number.POSITIVE_INFINITY
    for (let cell = row; cell < cellTurns.length; cell += shape.rows) {
      const turn = cellTurns[cell] ?? 0
      if (turn >= least || this.#waitingIn(cell) === 0) continue
      next = cell
      least = turn
    }
    return next
  }

  /** Of those that wait, how many nobody has granted a slot. */
  #waitingIn(cell: number): number {
    const { queued, granted } = this.#memory
    return (queued[cell] ?? 0) - (granted[cell] ?? 0)
  }

  get #lastRow(): number {
    return this.#memory.words[slotWords.lastRow] ?? 0
  }

  /** At the end of those who wait. */
  #giveTurn(turns: Float64Array, at: number): void {
    const { lastTurn } = this.#memory
    const turn = (lastTurn[0] ?? 0) + 1
    lastTurn[0] = turn
    turns[at] = turn
  }
}

function add(column: Int32Array, at: number, change: number): void {
  column[at] = (column[at] ?? 0) + change
}
