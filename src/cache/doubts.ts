import type { Clock } from '../base/clock.ts'
import type { EpochMs, RecordId } from '../base/types.ts'
import { objectOf } from './cache-key.ts'
import { type CacheRecord, tagsOf } from './record.ts'
import { anyTag, covers, everything, type Scope, scopeKey } from './scope.ts'

export interface Doubt {
  readonly scope: Scope
  /** What the origin said until then may have been removed. */
  readonly until: EpochMs
}

/** Each costs every read something. */
const maxDoubts = 1024

/**
 * What a tier must not be believed because clearing it is under way, or has failed. Slices need none: they are read only
 * for a head, and by its tag.
 */
export class Doubts {
  readonly #clock: Clock
  readonly #all = new Set<Doubt>()
  readonly #owed = new Map<string, Doubt>()
  #forGood: Doubt | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#all.size
  }

  /** About everything of the scope that was stored until now. */
  raise(scope: Scope): Doubt {
    if (this.#all.size >= maxDoubts) {
      this.#all.clear()
      this.#owed.clear()
      this.raiseForGood()
    }
    return this.#add(scope)
  }

  /** That was cleared. */
  settle(doubt: Doubt): void {
    this.#all.delete(doubt)
  }

  /** Clearing failed, and is to be tried again: once for all that failed for the same scope. */
  owe(doubt: Doubt): void {
    if (!this.#all.has(doubt)) return // among many that became one
    const key = scopeKey(doubt.scope)
    const older = this.#owed.get(key)
    if (older !== undefined && older !== doubt) this.#all.delete(older.until > doubt.until ? doubt : older)
    if (this.#all.has(doubt)) this.#owed.set(key, doubt)
  }

  takeOwed(): readonly Doubt[] {
    const owed = [...this.#owed.values()]
    this.#owed.clear()
    return owed
  }

  /** Nobody knows any more what was removed: a doubt about everything, which nothing settles. */
  raiseForGood(): void {
    if (this.#forGood !== undefined) this.#all.delete(this.#forGood)
    this.#forGood = this.#add(everything)
  }

  /** Whether there is any doubt about this object, whatever is known of it. */
  cover(id: RecordId): boolean {
    if (this.#all.size === 0 || objectOf(id) !== id) return false
    for (const { scope } of this.#all) if (covers(scope, id, everyTag)) return true
    return false
  }

  concern(id: RecordId, record: CacheRecord): boolean {
    if (record.kind !== 'object') return false
    const { storedAt } = record.head
    for (const { scope, until } of this.#all) {
      if (storedAt <= until && covers(scope, id, tagsOf(record))) return true
    }
    return false
  }

  #add(scope: Scope): Doubt {
    const doubt = { scope, until: this.#clock.now() }
    this.#all.add(doubt)
    return doubt
  }
}

/** Of a record whose tags are not known. */
const everyTag = [anyTag]
