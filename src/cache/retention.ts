import type { RecordId } from '../base/types.ts'

/** What to keep: a map bounded by bytes that chooses its own victims. Every call is synchronous and takes effect at once. */
export interface Retention<V> {
  /** The sum of what the entries were set with: exact, and never above the bound. */
  readonly bytes: number
  readonly size: number
  /** Larger entries are not kept. */
  readonly maxEntryBytes: number
  /** A use of the entry. */
  get(id: RecordId): V | undefined
  /** Not a use. */
  peek(id: RecordId): V | undefined
  /** What the entry was set with; undefined when there is none. */
  bytesOf(id: RecordId): number | undefined
  /** How often the entry was got since its id came; a newer value goes on counting. Undefined when there is none. */
  usesOf(id: RecordId): number | undefined
  /** Replaces what was there. `bytes`: an integer, at least 1. False: too large to keep, and the older entry is gone all the same. */
  set(id: RecordId, value: V, bytes: number): boolean
  /** The bytes that this freed; undefined when there was nothing. */
  delete(id: RecordId): number | undefined
  /** Evicts until at most so many bytes are left. The bound stays what it was. */
  shrinkTo(bytes: number): void
  /**
   * In no order that means anything. May be read in stints: what comes, goes or is replaced meanwhile is told of or not,
   * everything else is.
   */
  keys(): Iterable<RecordId>
}

export interface RetentionOptions {
  readonly maxBytes: number
  readonly maxEntryBytes: number
  /** Told of each victim, and of nothing else that leaves. It must not call back into the retention. */
  readonly onEvict: (id: RecordId, bytes: number) => void
}
