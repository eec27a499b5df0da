import type { RecordId } from '../base/types.ts'
import { covers, type Scope } from './scope.ts'

/** A record on its way to the disk. */
export interface PutUnderWay {
  readonly id: RecordId
  readonly tags: readonly string[]
  /** Somebody wants it forgotten: it is not to arrive. */
  isCleared: boolean
}

/** The puts that were called and have not ended, for who clears what was put before: waiting for them would take long. */
export class PutsUnderWay {
  readonly #puts = new Set<PutUnderWay>()

  /** Acts with the put in the table. */
  async during<T>(id: RecordId, tags: readonly string[], act: (put: PutUnderWay) => Promise<T>): Promise<T> {
    const put: PutUnderWay = { id, tags, isCleared: false }
    this.#puts.add(put)
    try {
      return await act(put)
    } finally {
      this.#puts.delete(put)
    }
  }

  /** The ids of those that will not arrive because of this call. */
  clear(scope: Scope): ReadonlySet<RecordId> {
    const ids = new Set<RecordId>()
    for (const put of this.#puts) {
      if (put.isCleared || !covers(scope, put.id, put.tags)) continue
      put.isCleared = true
      ids.add(put.id)
    }
    return ids
  }
}
