import type { RecordId, TierName } from '../base/types.ts'
import type { CacheRecord } from './record.ts'

export interface Removed {
  readonly entries: number
  readonly bytes: number
}

export interface Usage {
  readonly items: number
  readonly bytes: number
}

export interface TierUsage extends Usage {
  readonly maxBytes: number
  readonly buckets: ReadonlyMap<string, Usage>
}

/**
 * A bounded map of small records. May forget anything at any time; never returns what was not put. Records handed in
 * and out are shared, not copied: nobody writes to their bytes again. Operations on one id take effect in the order they
 * were called.
 */
export interface CacheTier {
  readonly name: TierName
  /** Counts as a use of the record, for what to keep. */
  get(id: RecordId): Promise<CacheRecord | undefined>
  /** Like `get`, without being a use and without the record. */
  has(id: RecordId): Promise<boolean>
  /** Replaces what was there. A record the tier will not hold is declined silently, and the older one is gone all the same. */
  put(id: RecordId, record: CacheRecord): Promise<void>
  remove(id: RecordId): Promise<Removed>
  /** Forgets every record, or those of one bucket. Counters stay. */
  clear(bucket?: string): Promise<Removed>
  usage(): TierUsage
  /** Settles pending work; later calls reject. */
  close(): Promise<void>
}

export type TierGuard = (tier: CacheTier) => CacheTier

export interface TierEvents {
  hit(tier: TierName, bucket: string): void
  missed(tier: TierName, bucket: string): void
  evicted(tier: TierName, bucket: string, reason: 'size' | 'expired'): void
  failed(tier: TierName, operation: 'get' | 'put' | 'remove', error: unknown): void
}

/** Told by whoever streams an object too large for the memory tier to keep, so that its slices stay at hand while it is read. */
export interface Readership {
  readerCame(object: RecordId): void
  readerLeft(object: RecordId): void
}
