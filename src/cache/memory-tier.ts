/** Records in the memory of this process, bounded by what they really cost. */

import { type RecordId, unreachable } from '../base/types.ts'
import { bucketOf } from './cache-key.ts'
import { LruRetention } from './lru.ts'
import { MemorySweep } from './memory-sweep.ts'
import { ObjectParts } from './object-parts.ts'
import { PassingSlices } from './passing-slices.ts'
import { type CacheRecord, type ObjectHead, tagsOf } from './record.ts'
import { recordCost } from './record-cost.ts'
import type { Retention, RetentionOptions } from './retention.ts'
import { S3GdRetention } from './s3gd.ts'
import { covers, type Scope } from './scope.ts'
import type { CacheTier, Listed, Readership, Removed, TierEvents, TierUsage } from './tier.ts'
import { UsageLedger } from './usage-ledger.ts'

export type Eviction = 's3gd' | 'lru'

export interface MemoryTierOptions {
  readonly maxBytes: number
  /** The largest object that is kept; slices of larger ones stay while somebody reads the object. */
  readonly maxItemBytes: number
  readonly eviction: Eviction
  /** What a record counts for, an integer of at least 1. What it costs, unless said otherwise: replays of traces count differently. */
  readonly charge?: (id: RecordId, record: CacheRecord) => number
}

export type MemoryTier = CacheTier & Readership

export function createMemoryTier(options: MemoryTierOptions, events: Pick<TierEvents, 'evicted'>): MemoryTier {
  return new RecordsInMemory(options, events)
}

/** How much of the tier slices in passing may take from records that are kept. */
const passingShare = 1 / 4

class RecordsInMemory implements MemoryTier {
  readonly name = 'memory'
  readonly #maxBytes: number
  readonly #maxItemBytes: number
  readonly #charge: (id: RecordId, record: CacheRecord) => number
  readonly #events: Pick<TierEvents, 'evicted'>
  readonly #kept: Retention<CacheRecord>
  readonly #passing = new PassingSlices()
  readonly #ledger = new UsageLedger()
  readonly #parts = new ObjectParts()
  readonly #sweep = new MemorySweep({ ids: () => this.#ids(), tagsOf: (id) => this.#tagsOf(id) })
  /** Of each clearing under way, what was put since it began. */
  readonly #newcomers = new Set<Set<RecordId>>()
  #isClosed = false

  constructor({ maxBytes, maxItemBytes, eviction, charge }: MemoryTierOptions, events: Pick<TierEvents, 'evicted'>) {
    this.#maxBytes = maxBytes
    this.#maxItemBytes = maxItemBytes
    this.#charge = charge ?? recordCost
    this.#events = events
    this.#kept = createRetention(eviction, maxBytes, (id, bytes) => this.#noteEvicted(id, bytes))
  }

  async get(id: RecordId): Promise<CacheRecord | undefined> {
    this.#requireOpen()
    return this.#kept.get(id) ?? this.#passing.get(id)
  }

  getNow(id: RecordId): CacheRecord | undefined {
    return this.#isClosed ? undefined : (this.#kept.get(id) ?? this.#passing.get(id))
  }

  async has(id: RecordId): Promise<boolean> {
    this.#requireOpen()
    return this.#kept.peek(id) !== undefined || this.#passing.has(id)
  }

  async put(id: RecordId, record: CacheRecord): Promise<void> {
    this.putNow(id, record)
  }

  putNow(id: RecordId, record: CacheRecord): void {
    this.#requireOpen()
    const bytes = this.#charge(id, record)
    for (const newcomers of this.#newcomers) newcomers.add(id)
    if (record.kind === 'slice' && record.objectSize > this.#maxItemBytes) this.#pass(id, record, bytes)
    else if (record.kind === 'object' && (record.body?.byteLength ?? 0) > this.#maxItemBytes) this.#forget(id)
    else this.#keep(id, record, bytes)
  }

  async remove(id: RecordId): Promise<Removed> {
    this.#requireOpen()
    const bytes = this.#forget(id)
    return bytes === undefined ? { entries: 0, bytes: 0 } : { entries: 1, bytes }
  }

  /** Record by record even when all go: what the retention has learned stays. */
  async clear(scope: Scope, onRemoved?: (id: RecordId) => void): Promise<Removed> {
    this.#requireOpen()
    const newcomers = new Set<RecordId>()
    this.#newcomers.add(newcomers)
    let [entries, removedBytes] = [0, 0]
    try {
      await this.#walk(scope, (id) => {
        const bytes = newcomers.has(id) ? undefined : this.#forget(id)
        if (bytes === undefined) return
        entries += 1
        removedBytes += bytes
        onRemoved?.(id)
      })
    } finally {
      this.#newcomers.delete(newcomers)
    }
    return { entries, bytes: removedBytes }
  }

  async each(scope: Scope, visit: (listed: Listed) => void): Promise<void> {
    this.#requireOpen()
    await this.#walk(scope, (id) => {
      const listed = this.#list(id)
      if (listed !== undefined) visit(listed)
    })
  }

  async peek(id: RecordId): Promise<{ readonly head: ObjectHead; readonly listed: Listed } | undefined> {
    this.#requireOpen()
    const record = this.#kept.peek(id)
    const listed = this.#list(id)
    return record?.kind === 'object' && listed !== undefined ? { head: record.head, listed } : undefined
  }

  usage(): TierUsage {
    return this.#ledger.read(this.#maxBytes)
  }

  readerCame(object: RecordId): void {
    this.#passing.readerCame(object)
  }

  readerLeft(object: RecordId): void {
    for (const id of this.#passing.readerLeft(object)) this.#forget(id)
  }

  async close(): Promise<void> {
    this.#isClosed = true
  }

  /** A record that is kept displaces slices in passing before any other record. */
  #keep(id: RecordId, record: CacheRecord, bytes: number): void {
    const older = this.#kept.bytesOf(id)
    if (this.#passing.has(id)) this.#forget(id)
    if (bytes <= this.#kept.maxEntryBytes) {
      const without = this.#kept.bytes - (older ?? 0)
      while (without + this.#passing.bytes + bytes > this.#maxBytes && this.#evictOldestPassing());
    }
    const isKept = this.#kept.set(id, record, bytes)
    if (older !== undefined) this.#bookOut(id, older)
    if (isKept) this.#bookIn(id, bytes)
  }

  #pass(id: RecordId, record: CacheRecord, bytes: number): void {
    this.#forget(id)
    if (!this.#passing.isRead(id) || !this.#makeWayFor(bytes)) return
    this.#passing.add(id, record, bytes)
    this.#bookIn(id, bytes)
  }

  /** Room for a slice in passing: what is free, then what the share takes from kept records, then its forerunners'. */
  #makeWayFor(bytes: number): boolean {
    do {
      if (this.#kept.bytes + this.#passing.bytes + bytes <= this.#maxBytes) return true
      if (this.#passing.bytes + bytes <= this.#maxBytes * passingShare) {
        this.#kept.shrinkTo(this.#maxBytes - this.#passing.bytes - bytes)
        return true
      }
    } while (this.#evictOldestPassing())
    return false
  }

  #evictOldestPassing(): boolean {
    const { oldest } = this.#passing
    if (oldest === undefined) return false
    this.#noteEvicted(oldest, this.#passing.delete(oldest) ?? 0)
    return true
  }

  #noteEvicted(id: RecordId, bytes: number): void {
    this.#bookOut(id, bytes)
    this.#events.evicted(this.name, bucketOf(id), 'size')
  }

  #forget(id: RecordId): number | undefined {
    const bytes = this.#kept.delete(id) ?? this.#passing.delete(id)
    if (bytes !== undefined) this.#bookOut(id, bytes)
    return bytes
  }

  #bookIn(id: RecordId, bytes: number): void {
    this.#ledger.came(id, bytes)
    this.#parts.came(id)
  }

  #bookOut(id: RecordId, bytes: number): void {
    this.#ledger.left(id, bytes)
    this.#parts.left(id)
  }

  /** Acts on every record that is there at the call and covered, and on ids that have gone meanwhile. */
  async #walk(scope: Scope, act: (id: RecordId) => void): Promise<void> {
    if (scope.kind !== 'object') return this.#sweep.run(scope, act)
    for (const id of this.#parts.allOf(scope.id)) if (covers(scope, id)) act(id)
  }

  #tagsOf(id: RecordId): readonly string[] {
    const record = this.#kept.peek(id) ?? this.#passing.get(id)
    return record === undefined ? [] : tagsOf(record)
  }

  *#ids(): Generator<RecordId, void> {
    const passing = [...this.#passing.keys()]
    yield* this.#kept.keys()
    yield* passing
  }

  #list(id: RecordId): Listed | undefined {
    const bytes = this.#kept.bytesOf(id) ?? this.#passing.bytesOf(id)
    return bytes === undefined ? undefined : { id, bytes, hits: this.#kept.usesOf(id) }
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new Error('the memory tier is closed')
  }
}

function createRetention(
  eviction: Eviction,
  maxBytes: number,
  onEvict: RetentionOptions['onEvict'],
): Retention<CacheRecord> {
  switch (eviction) {
    case 's3gd':
      // One entry of more than half would turn over the whole cache; a tenth instead lost .014 of the bytes on one trace.
      return new S3GdRetention({ maxBytes, maxEntryBytes: Math.floor(maxBytes / 2), onEvict })
    case 'lru':
      return new LruRetention({ maxBytes, maxEntryBytes: maxBytes, onEvict })
    default:
      return unreachable(eviction)
  }
}
