/** Where records are looked up: every tier in turn, the fastest first. A tier that fails is a miss, never a failed request. */

import type { Clock } from '../base/clock.ts'
import type { RecordId, TierName } from '../base/types.ts'
import { bucketOf } from './cache-key.ts'
import type { CacheRecord } from './record.ts'
import { SlowLookups } from './slow-lookups.ts'
import type { CacheTier, Readership, Removed, StoreEvents, TierUsage } from './tier.ts'
import { WriteBehind, type WriteBounds } from './write-behind.ts'

export interface Found {
  readonly record: CacheRecord
  readonly tier: TierName
}

export interface RecordStore extends Readership {
  /** Counts as a use. Copies what a slower tier held into the faster ones, behind the answer. */
  get(id: RecordId): Promise<Found | undefined>
  has(id: RecordId): Promise<boolean>
  /**
   * Resolves when the fastest tier has it; the others follow on their own. A slice waits for room in their queues, for a
   * moment: whoever reads a large object as fast as it comes goes at their pace. Never rejects because a tier failed.
   */
  put(id: RecordId, record: CacheRecord): Promise<void>
  /** `entries` is the most that one tier held, so that a record in two tiers counts once; `bytes` is the sum over tiers. */
  remove(id: RecordId): Promise<Removed>
  clear(bucket?: string): Promise<Removed>
  usage(): readonly (readonly [TierName, TierUsage])[]
  close(): Promise<void>
}

/**
 * For each tier but the fastest. A write goes on once each turn of the event loop, and in one turn of a busy one come tens
 * of small records: they need many writers. Large ones then wait for threads, not for turns.
 */
const queueBounds: WriteBounds = {
  maxRecords: 8192,
  maxBytes: 32 * 1024 * 1024,
  writers: 64,
  writingBytes: 16 * 1024 * 1024,
}
/** Whoever puts waits for the fastest tier, which bounds what is on its way there. */
const unbounded: WriteBounds = {
  maxRecords: Infinity,
  maxBytes: Infinity,
  writers: Infinity,
  writingBytes: Infinity,
}
/** How long `close` goes on writing what waits. */
const flushMs = 5000

export function createTieredStore(tiers: readonly CacheTier[], events: StoreEvents, clock: Clock): RecordStore {
  return new TieredStore(tiers, events, clock)
}

class TieredStore implements RecordStore {
  readonly #layers: readonly WriteBehind[]
  readonly #fastest: WriteBehind | undefined
  readonly #watchers: readonly Readership[]
  readonly #events: StoreEvents
  readonly #lookups = new SlowLookups()
  #isClosed = false

  constructor(tiers: readonly CacheTier[], events: StoreEvents, clock: Clock) {
    this.#layers = tiers.map((tier, at) => new WriteBehind(tier, at === 0 ? unbounded : queueBounds, events, clock))
    this.#fastest = this.#layers[0]
    this.#watchers = tiers.filter(watchesReaders)
    this.#events = events
  }

  /** Nearly every call ends with the first tier, so that what it costs is written out here. */
  async get(id: RecordId): Promise<Found | undefined> {
    this.#requireOpen()
    const fastest = this.#fastest
    if (fastest === undefined) return undefined
    let record: CacheRecord | undefined
    try {
      record = fastest.getNow(id) ?? (await fastest.get(id))
    } catch (error) {
      this.#events.failed(fastest.name, 'get', error)
    }
    if (record === undefined) {
      this.#events.missed(fastest.name, bucketOf(id))
      return this.#lookBehind(id)
    }
    this.#events.hit(fastest.name, bucketOf(id))
    return { record, tier: fastest.name }
  }

  async has(id: RecordId): Promise<boolean> {
    this.#requireOpen()
    for (const layer of this.#layers) {
      try {
        if (await layer.has(id)) return true
      } catch (error) {
        this.#events.failed(layer.name, 'get', error)
      }
    }
    return false
  }

  async put(id: RecordId, record: CacheRecord): Promise<void> {
    this.#requireOpen()
    this.#lookups.outdate(id)
    const written = this.#fastest?.put(id, record)
    const behind = this.#layers.slice(1)
    if (record.kind === 'slice') await Promise.all(behind.map((layer) => layer.offer(id, record)))
    else for (const layer of behind) void layer.put(id, record) // never rejects
    await written
  }

  async remove(id: RecordId): Promise<Removed> {
    this.#requireOpen()
    this.#lookups.outdate(id)
    return summed(await Promise.all(this.#layers.map((layer) => layer.remove(id))))
  }

  async clear(bucket?: string): Promise<Removed> {
    this.#requireOpen()
    this.#lookups.outdateAll()
    return summed(await Promise.all(this.#layers.map((layer) => layer.clear(bucket))))
  }

  usage(): readonly (readonly [TierName, TierUsage])[] {
    return this.#layers.map(({ name, tier }) => [name, tier.usage()] as const)
  }

  readerCame(object: RecordId): void {
    for (const watcher of this.#watchers) watcher.readerCame(object)
  }

  readerLeft(object: RecordId): void {
    for (const watcher of this.#watchers) watcher.readerLeft(object)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all(this.#layers.map((layer) => layer.close(flushMs)))
  }

  async #lookBehind(id: RecordId, isSecondLook = false): Promise<Found | undefined> {
    const lookup = this.#lookups.begin(id)
    for (const layer of isSecondLook ? this.#layers : this.#layers.slice(1)) {
      const record = await this.#ask(layer, id)
      if (record === undefined) continue
      if (this.#lookups.finish(lookup)) this.#promote(id, record, layer)
      return { record, tier: layer.name }
    }
    const isMissing = this.#lookups.finish(lookup)
    // While a slow tier said no, somebody else has fetched the object and put it: in a tier that was asked before.
    return isMissing || isSecondLook ? undefined : this.#lookBehind(id, true)
  }

  async #ask(layer: WriteBehind, id: RecordId): Promise<CacheRecord | undefined> {
    try {
      const record = layer.getNow(id) ?? (await layer.get(id))
      this.#events[record === undefined ? 'missed' : 'hit'](layer.name, bucketOf(id))
      return record
    } catch (error) {
      this.#events.failed(layer.name, 'get', error)
      this.#events.missed(layer.name, bucketOf(id))
      return undefined
    }
  }

  #promote(id: RecordId, record: CacheRecord, from: WriteBehind): void {
    for (const layer of this.#layers) {
      if (layer === from) return
      layer.promote(id, record)
    }
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new Error('the record store is closed')
  }
}

function summed(removed: readonly Removed[]): Removed {
  return {
    entries: Math.max(0, ...removed.map(({ entries }) => entries)),
    bytes: removed.reduce((sum, { bytes }) => sum + bytes, 0),
  }
}

function watchesReaders(tier: CacheTier): tier is CacheTier & Readership {
  return 'readerCame' in tier && 'readerLeft' in tier
}
