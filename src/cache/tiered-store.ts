/** Where records are looked up: every tier in turn, the fastest first. A tier that fails is a miss, never a failed request. */

import type { RecordId, TierName } from '../base/types.ts'
import { bucketOf } from './cache-key.ts'
import type { CacheRecord } from './record.ts'
import { type SlowLookup, SlowLookups } from './slow-lookups.ts'
import type { CacheTier, Readership, Removed, TierEvents, TierUsage } from './tier.ts'

export interface Found {
  readonly record: CacheRecord
  readonly tier: TierName
}

export interface RecordStore extends Readership {
  /** Counts as a use. Copies what a slower tier held into the faster ones, behind the answer. */
  get(id: RecordId): Promise<Found | undefined>
  has(id: RecordId): Promise<boolean>
  /** Resolves when the fastest tier has it; the others follow on their own. Never rejects because a tier failed. */
  put(id: RecordId, record: CacheRecord): Promise<void>
  /** `entries` is the most that one tier held, so that a record in two tiers counts once; `bytes` is the sum over tiers. */
  remove(id: RecordId): Promise<Removed>
  clear(bucket?: string): Promise<Removed>
  usage(): readonly (readonly [TierName, TierUsage])[]
  close(): Promise<void>
}

export function createTieredStore(tiers: readonly CacheTier[], events: TierEvents): RecordStore {
  return new TieredStore(tiers, events)
}

class TieredStore implements RecordStore {
  readonly #tiers: readonly CacheTier[]
  readonly #watchers: readonly Readership[]
  readonly #events: TierEvents
  readonly #lookups = new SlowLookups()
  #isClosed = false

  constructor(tiers: readonly CacheTier[], events: TierEvents) {
    this.#tiers = tiers
    this.#watchers = tiers.filter(watchesReaders)
    this.#events = events
  }

  async get(id: RecordId): Promise<Found | undefined> {
    this.#requireOpen()
    const bucket = bucketOf(id)
    let lookup: SlowLookup | undefined
    for (const tier of this.#tiers) {
      if (tier !== this.#tiers[0]) lookup ??= this.#lookups.begin(id)
      let record: CacheRecord | undefined
      try {
        record = await tier.get(id)
      } catch (error) {
        this.#events.failed(tier.name, 'get', error)
      }
      if (record !== undefined) {
        this.#events.hit(tier.name, bucket)
        if (lookup !== undefined && this.#lookups.finish(lookup)) this.#promote(id, record, tier)
        return { record, tier: tier.name }
      }
      this.#events.missed(tier.name, bucket)
    }
    if (lookup !== undefined) this.#lookups.finish(lookup)
    return undefined
  }

  async has(id: RecordId): Promise<boolean> {
    this.#requireOpen()
    for (const tier of this.#tiers) {
      if (await this.#attempt(tier, 'get', false, () => tier.has(id))) return true
    }
    return false
  }

  async put(id: RecordId, record: CacheRecord): Promise<void> {
    this.#requireOpen()
    this.#lookups.outdate(id)
    const [first] = this.#tiers.map((tier) => this.#putInto(tier, id, record))
    await first
  }

  async remove(id: RecordId): Promise<Removed> {
    this.#requireOpen()
    this.#lookups.outdate(id)
    return this.#removeEverywhere((tier) => tier.remove(id))
  }

  async clear(bucket?: string): Promise<Removed> {
    this.#requireOpen()
    this.#lookups.outdateAll()
    return this.#removeEverywhere((tier) => tier.clear(bucket))
  }

  usage(): readonly (readonly [TierName, TierUsage])[] {
    return this.#tiers.map((tier) => [tier.name, tier.usage()] as const)
  }

  readerCame(object: RecordId): void {
    for (const watcher of this.#watchers) watcher.readerCame(object)
  }

  readerLeft(object: RecordId): void {
    for (const watcher of this.#watchers) watcher.readerLeft(object)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all(this.#tiers.map((tier) => tier.close()))
  }

  #promote(id: RecordId, record: CacheRecord, from: CacheTier): void {
    for (const tier of this.#tiers) {
      if (tier === from) return
      void this.#putInto(tier, id, record) // never rejects
    }
  }

  #putInto(tier: CacheTier, id: RecordId, record: CacheRecord): Promise<void> {
    return this.#attempt(tier, 'put', undefined, () => tier.put(id, record))
  }

  async #removeEverywhere(removeFrom: (tier: CacheTier) => Promise<Removed>): Promise<Removed> {
    const nothing: Removed = { entries: 0, bytes: 0 }
    const removed = await Promise.all(
      this.#tiers.map((tier) => this.#attempt(tier, 'remove', nothing, () => removeFrom(tier))),
    )
    return {
      entries: Math.max(0, ...removed.map(({ entries }) => entries)),
      bytes: removed.reduce((sum, { bytes }) => sum + bytes, 0),
    }
  }

  async #attempt<T>(tier: CacheTier, operation: 'get' | 'put' | 'remove', otherwise: T, act: () => Promise<T>) {
    try {
      return await act()
    } catch (error) {
      this.#events.failed(tier.name, operation, error)
      return otherwise
    }
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new Error('the record store is closed')
  }
}

function watchesReaders(tier: CacheTier): tier is CacheTier & Readership {
  return 'readerCame' in tier && 'readerLeft' in tier
}
