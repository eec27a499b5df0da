import type { RecordId } from '../base/types.ts'
import { wholeOf } from './cache-key.ts'

/**
 * Of each object the ids of its slices, queries and variants that are held, so that an object is purged without a look at
 * all records. 50 bytes a part or so; an object without parts costs nothing.
 */
export class ObjectParts {
  readonly #parts = new Map<RecordId, Set<RecordId>>()

  came(id: RecordId): void {
    const whole = wholeOf(id)
    if (whole === id) return
    const parts = this.#parts.get(whole)
    if (parts === undefined) this.#parts.set(whole, new Set([id]))
    else parts.add(id)
  }

  left(id: RecordId): void {
    const whole = wholeOf(id)
    if (whole === id) return
    const parts = this.#parts.get(whole)
    if (parts?.delete(id) && parts.size === 0) this.#parts.delete(whole)
  }

  /** The object itself, there or not, and its parts. A copy. `id` may be a part's: then it is all of the object that has it. */
  allOf(id: RecordId): readonly RecordId[] {
    const whole = wholeOf(id)
    return [whole, ...(this.#parts.get(whole) ?? [])]
  }
}
