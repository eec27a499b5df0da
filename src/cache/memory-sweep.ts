import { setImmediate as turn } from 'node:timers/promises'
import type { RecordId } from '../base/types.ts'
import { covers, type Scope } from './scope.ts'

/** Held against a scope between two turns of the event loop: 0.3 to 1 µs each with half a million records. */
const looksPerTurn = 2048

interface Look {
  readonly scope: Scope
  readonly act: (id: RecordId) => void
}

export interface SweptRecords {
  /** May change while it is gone through. */
  ids(): Iterable<RecordId>
  tagsOf(id: RecordId): readonly string[]
}

/**
 * Goes through all records in memory, a few at a time. One sweep serves all who wait for it: many at once would each take a
 * share of every turn of the event loop, and nobody else would get one for long.
 */
export class MemorySweep {
  readonly #records: SweptRecords
  #waiting: Look[] = []
  /** The sweep for those who wait, which begins when the one before it has ended. */
  #next: Promise<void> | undefined
  #latest: Promise<void> = Promise.resolve()

  constructor(records: SweptRecords) {
    this.#records = records
  }

  /** Acts on every id that is there at the call and covered, unless it goes first, and on some that come meanwhile. */
  run(scope: Scope, act: (id: RecordId) => void): Promise<void> {
    this.#waiting.push({ scope, act })
    this.#next ??= this.#sweepAfter(this.#latest)
    this.#latest = this.#next
    return this.#next
  }

  async #sweepAfter(earlier: Promise<void>): Promise<void> {
    await earlier.catch(() => undefined) // told to those who waited for it
    const looks = this.#waiting
    this.#waiting = []
    this.#next = undefined
    const areTagsAsked = looks.some(({ scope }) => scope.kind === 'tag')
    let count = 0
    for (const id of this.#records.ids()) {
      const tags = areTagsAsked ? this.#records.tagsOf(id) : undefined
      for (const { scope, act } of looks) if (covers(scope, id, tags)) act(id)
      count += looks.length
      if (count < looksPerTurn) continue
      count = 0
      await turn()
    }
  }
}
