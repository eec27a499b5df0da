/** Configurations that are in use: the one that new requests meet, and older ones until their last request has ended. */

import type { Trace } from '../base/trace.ts'

export interface Numbered {
  /** Counts up from 1. */
  readonly number: number
  /** Nobody will use it any more. Never rejects. */
  release(): Promise<void>
}

interface Entry<G> {
  readonly generation: G
  requests: number
}

export class Generations<G extends Numbered> {
  #current: Entry<G>
  readonly #older = new Map<number, Entry<G>>()
  readonly #releasing = new Set<Promise<void>>()

  constructor(first: G) {
    this.#current = { generation: first, requests: 0 }
  }

  get current(): G {
    return this.#current.generation
  }

  /** Those that are still held. */
  get count(): number {
    return this.#older.size + 1
  }

  /** A request begins under the current one, and stays with it. */
  enter(trace: Trace): G {
    const entry = this.#current
    trace.generation = entry.generation.number
    entry.requests += 1
    return entry.generation
  }

  /** It has ended. Returns the one it began under; undefined: it never got so far. */
  leave({ generation: number }: Trace): G | undefined {
    const isCurrent = number === this.#current.generation.number
    const entry = isCurrent ? this.#current : this.#older.get(number)
    if (entry === undefined) return undefined
    entry.requests -= 1
    if (!isCurrent) this.#releaseIfIdle(entry)
    return entry.generation
  }

  replace(next: G): void {
    const before = this.#current
    this.#current = { generation: next, requests: 0 }
    this.#older.set(before.generation.number, before)
    this.#releaseIfIdle(before)
  }

  /** No request is under way any more. */
  async close(): Promise<void> {
    const all = [this.#current, ...this.#older.values()]
    await Promise.all([...all.map(({ generation }) => generation.release()), ...this.#releasing])
  }

  #releaseIfIdle({ generation, requests }: Entry<G>): void {
    if (requests > 0) return
    this.#older.delete(generation.number)
    const released = generation.release().finally(() => this.#releasing.delete(released))
    this.#releasing.add(released)
  }
}
