import type { RecordId } from '../../base/types.ts'
import { objectOf } from '../cache-key.ts'
import type { Digester } from './digest.ts'
import { readerPlaces } from './layout.ts'
import type { ArenaMemory } from './memory.ts'

interface Readers {
  count: number
  readonly place: number
  /** Slices of the object that were put by this worker. */
  readonly slices: Set<RecordId>
}

/** Who reads objects too large to keep: in this worker exactly, in the others as far as a count by hash tells. */
export class PassingReaders {
  readonly #memory: ArenaMemory
  readonly #digester: Digester
  readonly #row: number
  readonly #readers = new Map<RecordId, Readers>()

  constructor(memory: ArenaMemory, digester: Digester, worker: number) {
    this.#memory = memory
    this.#digester = digester
    this.#row = memory.layout.readers + worker * readerPlaces
  }

  came(object: RecordId): void {
    let readers = this.#readers.get(object)
    if (readers === undefined) {
      const place = (this.#digester.of(object)[0] as number) & (readerPlaces - 1)
      readers = { count: 0, place, slices: new Set() }
      this.#readers.set(object, readers)
      Atomics.add(this.#memory.words, this.#row + place, 1)
    }
    readers.count += 1
  }

  /** The slices that nobody reads any more. What another worker has put, or another one reads, goes by its age. */
  left(object: RecordId): Iterable<RecordId> {
    const readers = this.#readers.get(object)
    if (readers === undefined) return []
    readers.count -= 1
    if (readers.count > 0) return []
    this.#readers.delete(object)
    Atomics.sub(this.#memory.words, this.#row + readers.place, 1)
    return this.#isReadElsewhere(readers.place) ? [] : readers.slices
  }

  /** Takes note of a slice; false when nobody here reads its object. */
  noteSlice(id: RecordId): boolean {
    const readers = this.#readers.get(objectOf(id))
    readers?.slices.add(id)
    return readers !== undefined
  }

  #isReadElsewhere(place: number): boolean {
    const { words, layout } = this.#memory
    for (let worker = 0; worker < layout.shape.workers; worker++) {
      if (Atomics.load(words, layout.readers + worker * readerPlaces + place) > 0) return true
    }
    return false
  }
}
