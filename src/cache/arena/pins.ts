import type { ArenaLayout } from './layout.ts'

/** How much of the arena leases may hold back: beyond its share of this a worker copies instead. */
const pinnedShare = 1 / 4

/**
 * Which segments somebody reads from or writes to. Each worker counts in a row of its own, which nobody else writes, so
 * that the pins of one that died are known. A segment is reused only once every row shows none.
 */
export class Pins {
  readonly #words: Int32Array
  readonly #layout: ArenaLayout
  readonly #row: number
  readonly #mostSegments: number
  #segments = 0

  constructor(words: Int32Array, layout: ArenaLayout, worker: number) {
    this.#words = words
    this.#layout = layout
    this.#row = layout.pins + worker * layout.pinRowWords
    this.#mostSegments = Math.max(1, Math.floor((layout.segmentCount * pinnedShare) / layout.shape.workers))
  }

  /** This worker keeps as many segments from being cleaned as it may. */
  get areMany(): boolean {
    return this.#segments > this.#mostSegments
  }

  /** Segments that this worker has pins on. */
  get segments(): number {
    return this.#segments
  }

  pin(segment: number): void {
    if (Atomics.add(this.#words, this.#row + segment, 1) === 0) this.#segments += 1
  }

  unpin(segment: number): void {
    if (Atomics.sub(this.#words, this.#row + segment, 1) === 1) this.#segments -= 1
  }

  /** By any worker. */
  isPinned(segment: number): boolean {
    const { pins, pinRowWords, shape } = this.#layout
    for (let worker = 0; worker < shape.workers; worker++) {
      if (Atomics.load(this.#words, pins + worker * pinRowWords + segment) !== 0) return true
    }
    return false
  }

  /** Only when the thread of `worker` has ended. Returns how many there were. */
  dropAllOf(worker: number): number {
    const { pins, pinRowWords, segmentCount } = this.#layout
    let dropped = 0
    for (let segment = 0; segment < segmentCount; segment++) {
      dropped += Atomics.exchange(this.#words, pins + worker * pinRowWords + segment, 0)
    }
    return dropped
  }
}
