import type { BreakerState } from '../base/breaker.ts'
import type { RecordId, TierName } from '../base/types.ts'
import type { CacheRecord, ObjectHead } from './record.ts'
import type { Scope } from './scope.ts'

export interface Removed {
  readonly entries: number
  readonly bytes: number
  /** More of it goes on behind, or is left to be refused when it is read: the numbers are those so far. */
  readonly isPending?: true
}

/** A record as somebody sees it who looks at what there is. */
export interface Listed {
  readonly id: RecordId
  /** What it counts for in this tier. */
  readonly bytes: number
  /** How often it was found since it came here. Undefined: nobody counts. */
  readonly hits: number | undefined
}

export interface Usage {
  readonly items: number
  readonly bytes: number
}

export interface TierUsage extends Usage {
  /** 0: the tier sets none itself. */
  readonly maxBytes: number
  /** What it takes in memory to know what it has; absent where that is none of this process's, or all there is. */
  readonly memoryBytes?: number
  readonly buckets: ReadonlyMap<string, Usage>
  /** The numbers are a sample, and some time old: the records are not this process's alone. */
  readonly isEstimate?: true
}

/** A record whose bytes are another's as soon as they are given back. One without bytes need not be. */
export interface Lent {
  readonly record: CacheRecord
  /** May be called twice. The record's bytes are not to be read afterwards; its head is. */
  readonly release: () => void
}

/**
 * A bounded map of small records. May forget anything at any time; never returns what was not put. Records handed in
 * and out are shared, not copied: nobody writes to their bytes again. Operations on one id take effect in the order they
 * were called.
 */
export interface CacheTier {
  readonly name: TierName
  /** What is put it copies: the record's bytes are the caller's again when `put` returns. */
  readonly copiesPuts?: true
  /** Counts as a use of the record, for what to keep. */
  get(id: RecordId): Promise<CacheRecord | undefined>
  /** Like `get`, for what is had without waiting: a hit then costs no promise. Undefined says nothing: ask `get`. Never throws. */
  getNow?(id: RecordId): CacheRecord | undefined
  /** Like `getNow`, of a tier that would have to copy: its own bytes, for as long as the borrower wants, which should not be long. */
  lendNow?(id: RecordId): Lent | undefined
  /** Like `get`, without being a use and without the record. */
  has(id: RecordId): Promise<boolean>
  /** Replaces what was there. A record the tier will not hold is declined silently, and the older one is gone all the same. */
  put(id: RecordId, record: CacheRecord): Promise<void>
  /** Like `put`, of a tier that is done with it when this returns. May throw. */
  putNow?(id: RecordId, record: CacheRecord): void
  remove(id: RecordId): Promise<Removed>
  /**
   * Forgets the records that the scope covers, among them those put before this call whose putting has not ended; counters
   * stay. The event loop gets its turn every few milliseconds. `onRemoved` is told of each.
   */
  clear(scope: Scope, onRemoved?: (id: RecordId) => void): Promise<Removed>
  /** Tells of each record that the scope covers, in no order; of those that come or go meanwhile perhaps. As gently as `clear`. */
  each(scope: Scope, visit: (listed: Listed) => void): Promise<void>
  /** The head that is stored under this id, without being a use. Undefined: none, or a record of another kind. */
  peek(id: RecordId): Promise<{ readonly head: ObjectHead; readonly listed: Listed } | undefined>
  usage(): TierUsage
  /** Settles pending work; later calls reject. */
  close(): Promise<void>
}

export type TierGuard = (tier: CacheTier) => CacheTier

export interface TierEvents {
  hit(tier: TierName, bucket: string): void
  missed(tier: TierName, bucket: string): void
  evicted(tier: TierName, bucket: string, reason: 'size' | 'expired'): void
  failed(tier: TierName, operation: TierOperation, error: unknown): void
}

export type TierOperation = 'get' | 'put' | 'remove'

/** What the store and the guards around its tiers report besides. */
export interface StoreEvents extends TierEvents {
  /** After so long. Of guarded tiers only: memory is not worth a look at the clock. */
  worked(tier: TierName, operation: TierOperation, tookMs: number): void
  /** A record was not written to this tier: its queue is full, or nothing is written to it at all: its breaker is open, or it closes. */
  dropped(tier: TierName, reason: 'queue full' | 'not writing'): void
  /** Whether anything is asked of this tier ('get'), or written to it ('put'). */
  breakerChanged(tier: TierName, operation: TierOperation, state: BreakerState): void
}

/** What a guard answers for a tier that it keeps alone: nothing was tried, so nothing has failed. */
export class TierUnavailable extends Error {
  override readonly name = 'TierUnavailable'
}

/** Told by whoever streams an object too large for the memory tier to keep, so that its slices stay at hand while it is read. */
export interface Readership {
  readerCame(object: RecordId): void
  readerLeft(object: RecordId): void
}

/** Of several tiers: a record that more than one had counts once. */
export function summed(removed: readonly Removed[]): Removed {
  return {
    entries: Math.max(0, ...removed.map(({ entries }) => entries)),
    bytes: removed.reduce((sum, { bytes }) => sum + bytes, 0),
  }
}

export function watchesReaders(tier: CacheTier): tier is CacheTier & Readership {
  return 'readerCame' in tier && 'readerLeft' in tier
}
