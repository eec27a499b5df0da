import type { RecordId } from '../base/types.ts'
import { CacheKey, wholeOf } from './cache-key.ts'
import type { PartCounts } from './part-counts.ts'
import { covers, type Scope } from './scope.ts'
import { marksOf } from './scope-marks.ts'
import { none } from './slots.ts'
import type { TextArena } from './text-arena.ts'

/** Slices of an object that are looked up one by one before all texts are searched for the rest: 2 µs each. */
const mostSlicesTried = 256

/** Finds what a scope covers among the entries of the disk index. */
export class DiskSearch {
  readonly #texts: TextArena
  readonly #parts: PartCounts
  readonly #find: (id: RecordId) => number

  /** `find`: the slot of an id, or `none`. */
  constructor(texts: TextArena, parts: PartCounts, find: (id: RecordId) => number) {
    this.#texts = texts
    this.#parts = parts
    this.#find = find
  }

  /** Slots, under the promises of `slotsWith`. An object goes by its own id and those of its slices, when that is all of it. */
  *covered(scope: Scope): Generator<number> {
    if (scope.kind === 'object') {
      const { ids, isAll } = this.#named(scope.id)
      for (const id of ids) {
        const slot = this.#find(id)
        if (slot !== none) yield slot
      }
      if (isAll) return
    }
    for (const slot of this.#texts.slotsWith(marksOf(scope))) {
      if (slot === none || covers(scope, this.#texts.read(slot) as RecordId, this.#texts.readTags(slot))) yield slot
    }
  }

  /** At once: a part that came between two looks would be taken for one that was counted. */
  #named(id: RecordId): { readonly ids: readonly RecordId[]; readonly isAll: boolean } {
    const isThere = (one: RecordId) => this.#find(one) !== none
    const ids = isThere(id) ? [id] : []
    let left = this.#parts.most(id)
    if (ids.length > 0 && wholeOf(id) !== id) left -= 1
    const key = CacheKey.parse(id)
    for (let index = 0; key?.id === id && left > 0 && index < mostSlicesTried; index++) {
      const sliceId = key.sliceId(index)
      if (!isThere(sliceId)) continue
      ids.push(sliceId)
      left -= 1
    }
    return { ids, isAll: left === 0 }
  }
}
