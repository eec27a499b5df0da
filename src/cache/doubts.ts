import type { Clock } from '../base/clock.ts'
import type { EpochMs, RecordId } from '../base/types.ts'
import { bucketOf, objectOf } from './cache-key.ts'
import type { CacheRecord } from './record.ts'

export interface Doubt {
  /** Undefined: every bucket. */
  readonly bucket: string | undefined
  /** What the origin said until then may have been removed. */
  readonly until: EpochMs
}

/**
 * What a tier must not be believed because clearing it is under way, or has failed. Slices need none: they are read only
 * for a head, and by its tag.
 */
export class Doubts {
  readonly #clock: Clock
  readonly #all = new Set<Doubt>()
  readonly #owed = new Set<Doubt>()
  #forGood: Doubt | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#all.size
  }

  /** About everything stored until now. */
  raise(bucket: string | undefined): Doubt {
    const doubt = { bucket, until: this.#clock.now() }
    this.#all.add(doubt)
    return doubt
  }

  /** That was cleared. */
  settle(doubt: Doubt): void {
    this.#all.delete(doubt)
  }

  /** Clearing failed, and is to be tried again: once for all that failed for the same bucket. */
  owe(doubt: Doubt): void {
    for (const older of this.#owed) {
      if (older.bucket !== doubt.bucket) continue
      this.#owed.delete(older)
      this.#all.delete(older)
    }
    this.#owed.add(doubt)
  }

  takeOwed(): readonly Doubt[] {
    const owed = [...this.#owed]
    this.#owed.clear()
    return owed
  }

  /** Nobody knows any more what was removed. */
  raiseForGood(): void {
    if (this.#forGood !== undefined) this.#all.delete(this.#forGood)
    this.#forGood = this.raise(undefined)
  }

  /** Whether there is any doubt about this object, whatever is known of it. */
  cover(id: RecordId): boolean {
    return objectOf(id) === id && this.#about(id).length > 0
  }

  concern(id: RecordId, record: CacheRecord): boolean {
    return record.kind === 'object' && this.#about(id).some(({ until }) => record.head.storedAt <= until)
  }

  #about(id: RecordId): readonly Doubt[] {
    return [...this.#all].filter(({ bucket }) => bucket === undefined || bucket === bucketOf(id))
  }
}
