/** One series: what this thread has of it, and, in the main thread, what each worker has. */

import type { Labels } from './exposition.ts'

/** How values of several threads become one; `main`: only the main thread has it. */
export type Across = 'sum' | 'max' | 'main'

/** A series by its metric and its label values, in the order of declaration. */
export interface SeriesName {
  readonly metric: string
  readonly labels: readonly string[]
}

/** Where a thread has its values. */
export interface ValueMemory {
  /** All 0. Nobody but this thread writes to them. */
  open(series: SeriesName, length: number): Float64Array
  /** There is nothing to measure any more. */
  close(series: SeriesName): void
}

/** Read by this thread alone. */
export const ownMemory: ValueMemory = {
  open: (_series, length) => new Float64Array(length),
  close: () => {},
}

interface Own<Cell> {
  readonly values: Float64Array
  readonly cell: Cell
}

interface WorkerPart {
  /** Of workers of this number that have ended. */
  readonly kept: Float64Array
  readonly live: Float64Array | undefined
}

export class Series<Cell> {
  readonly labels: Labels
  /** Of each of its lines, all but the value. */
  readonly heads: readonly string[]
  own: Own<Cell> | undefined
  readonly #across: Across
  /**
   * By number, and a worker's successor goes on in its place: the sum of doubles depends on their order, and one that is
   * less than before by a last digit is a counter that was reset to whoever scrapes it.
   */
  readonly #workers: (WorkerPart | undefined)[] = []

  constructor(labels: Labels, heads: readonly string[], across: Across) {
    this.labels = labels
    this.heads = heads
    this.#across = across
  }

  /** Of all threads. */
  read(place: number): number {
    const own = this.own?.values[place] ?? 0
    return this.#workers.length === 0 ? own : this.#together(own, place)
  }

  /** From now on the worker writes there; it has nothing else of this series. */
  adopt(worker: number, values: Float64Array): void {
    this.settle(worker)
    this.#workers[worker] = { kept: this.#workers[worker]?.kept ?? new Float64Array(values.length), live: values }
  }

  /** The worker has ended: what it has counted stays. */
  settle(worker: number): void {
    const part = this.#workers[worker]
    if (part?.live === undefined) return
    this.#workers[worker] = { kept: part.kept.map((kept, place) => kept + (part.live?.[place] ?? 0)), live: undefined }
  }

  drop(worker: number): void {
    this.#workers[worker] = undefined
  }

  get isEmpty(): boolean {
    return this.own === undefined && this.#workers.every((part) => part === undefined)
  }

  #together(own: number, place: number): number {
    let together = own
    for (const part of this.#workers) {
      if (part === undefined) continue
      const value = (part.kept[place] ?? 0) + (part.live?.[place] ?? 0)
      together = this.#across === 'max' ? Math.max(together, value) : together + value
    }
    return together
  }
}
