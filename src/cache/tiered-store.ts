/** Where records are looked up: every tier in turn, the fastest first. A tier that fails is a miss, never a failed request. */

import type { Clock } from '../base/clock.ts'
import type { Timeline } from '../base/trace.ts'
import type { RecordId, TierName } from '../base/types.ts'
import { bucketOf, objectOf } from './cache-key.ts'
import type { Purge } from './purge.ts'
import type { PurgeLog } from './purge-log.ts'
import { Purging } from './purging.ts'
import { unbounded, type WriteBounds, writeBounds } from './queue-bounds.ts'
import { type CacheRecord, tagsOf } from './record.ts'
import type { Scope } from './scope.ts'
import { SlowLookups } from './slow-lookups.ts'
import { type Peeked, Survey } from './survey.ts'
import type { CacheTier, Listed, Readership, Removed, StoreEvents, TierUsage } from './tier.ts'
import { summed, watchesReaders } from './tier.ts'
import { WriteBehind } from './write-behind.ts'

export interface Found {
  readonly record: CacheRecord
  readonly tier: TierName
  /** Of bytes that are only lent, see `Lent`. */
  readonly release?: (() => void) | undefined
}

/** What was removed: `entries` are objects, whatever is held of them and wherever; the rows of `tiers` count records. */
export interface Purged extends Removed {
  readonly tiers: ReadonlyMap<TierName, Removed>
  /** Who may bring back what was purged once this process has ended. */
  readonly notKept: readonly TierName[]
}

/**
 * Heads that a hard purge covers, see `PurgeLog`, are neither found nor stored, whoever wrote them: memory is clean when it has
 * been cleared, and elsewhere each head is judged when it is read.
 */
export interface RecordStore extends Readership {
  /** Counts as a use. Copies what a slower tier held into the faster ones, behind the answer. Each tier asked is a step of `timeline`. */
  get(id: RecordId, timeline?: Timeline): Promise<Found | undefined>
  /** Like `get`, by somebody who reads the bytes and gives them back. What is found may be lent, or be anybody's as with `get`. */
  lend(id: RecordId, timeline?: Timeline): Promise<Found | undefined>
  has(id: RecordId): Promise<boolean>
  /**
   * Resolves when the fastest tier has it; the others follow on their own. A slice waits for room in their queues, for a
   * moment: whoever reads a large object as fast as it comes goes at their pace. Never rejects because a tier failed.
   */
  put(id: RecordId, record: CacheRecord): Promise<void>
  /** A record's bytes are the caller's again when `put` returns. */
  readonly copiesPuts: boolean
  /** `entries` is the most that one tier held, so that a record in two tiers counts once; `bytes` is the sum over tiers. */
  remove(id: RecordId): Promise<Removed>
  /**
   * In force as soon as it is called, in all tiers when it resolves. Never rejects because a tier failed. Soft: nothing goes;
   * the numbers are those of what is stale now.
   */
  purge(scope: Scope, kind: Purge['kind']): Promise<Purged>
  /** What a purge would find. */
  count(scope: Scope): Promise<Purged>
  /**
   * What the origin has been asked for in this scope is not stored when it comes: nobody could tell yet whether it is meant.
   * As soon as it is called; for the whole process when it resolves.
   */
  cutOff(scope: Scope): Promise<void>
  /** Tells of every record that the scope covers, once for each tier that has it. Resolves with the tiers that did not tell of all. */
  each(scope: Scope, visit: (tier: TierName, listed: Listed) => void): Promise<readonly TierName[]>
  /** Without being a use. Undefined: no head is stored under this id. `failed` is told of tiers that did not say. */
  peek(id: RecordId, failed?: (tier: TierName) => void): Promise<Peeked | undefined>
  usage(): readonly (readonly [TierName, TierUsage])[]
  /** What is on its way to all tiers but the fastest, and may be. */
  writes(): { readonly bytes: number; readonly maxBytes: number }
  /** So much is on its way to the fastest tier that more should be counted by whoever brings it. */
  readonly isBehind: boolean
  close(): Promise<void>
}

/** How long `close` goes on writing what waits. */
const flushMs = 5000

/** `shareOf`: this thread's part of what may wait to be written; all of it, unless said. */
export function createTieredStore(
  tiers: readonly CacheTier[],
  events: StoreEvents,
  clock: Clock,
  purges: PurgeLog,
  shareOf: (total: number) => number = (total) => total,
): RecordStore {
  return new TieredStore(tiers, events, clock, purges, writeBounds(shareOf))
}

class TieredStore implements RecordStore {
  readonly #layers: readonly WriteBehind[]
  readonly #fastest: WriteBehind | undefined
  /** Memory when it comes first: nothing that is purged is in it. */
  readonly #clean: WriteBehind | undefined
  readonly #watchers: readonly Readership[]
  readonly #events: StoreEvents
  readonly #purges: PurgeLog
  readonly #survey: Survey
  readonly #purging: Purging
  readonly #lookups = new SlowLookups()
  readonly #bounds: WriteBounds
  #isClosed = false
  readonly copiesPuts: boolean

  constructor(tiers: readonly CacheTier[], events: StoreEvents, clock: Clock, purges: PurgeLog, bounds: WriteBounds) {
    this.#layers = tiers.map((tier, at) => new WriteBehind(tier, at === 0 ? unbounded : bounds, events, clock))
    this.#bounds = bounds
    this.#fastest = this.#layers[0]
    this.#clean = this.#fastest?.name === 'memory' ? this.#fastest : undefined
    this.#watchers = tiers.filter(watchesReaders)
    this.#events = events
    this.#purges = purges
    this.#survey = new Survey(this.#layers, purges, events)
    this.#purging = new Purging({ layers: this.#layers, lookups: this.#lookups, survey: this.#survey, purges, events })
    this.copiesPuts = tiers.every(({ copiesPuts }) => copiesPuts)
  }

  get(id: RecordId, timeline?: Timeline): Promise<Found | undefined> {
    return this.#find(id, timeline, false)
  }

  lend(id: RecordId, timeline?: Timeline): Promise<Found | undefined> {
    return this.#find(id, timeline, true)
  }

  async has(id: RecordId): Promise<boolean> {
    this.#requireOpen()
    for (const layer of this.#layers) {
      try {
        if ((await layer.has(id)) && !(await this.#isPurgedIn(layer, id))) return true
      } catch (error) {
        this.#events.failed(layer.name, 'get', error)
      }
    }
    return false
  }

  async put(id: RecordId, record: CacheRecord): Promise<void> {
    this.#requireOpen()
    this.#lookups.outdate(id)
    // What it would replace is as old, and refused as well, or younger.
    if (this.#isRefused(id, record)) return
    const written = this.#fastest?.put(id, record)
    const behind = this.#layers.slice(1)
    if (record.kind === 'slice') await Promise.all(behind.map((layer) => layer.offer(id, record)))
    else for (const layer of behind) void layer.put(id, record) // never rejects
    if (written !== undefined) await written
  }

  async remove(id: RecordId): Promise<Removed> {
    this.#requireOpen()
    this.#lookups.outdate(id)
    return summed(await Promise.all(this.#layers.map((layer) => layer.remove(id))))
  }

  async purge(scope: Scope, kind: Purge['kind']): Promise<Purged> {
    this.#requireOpen()
    return this.#purging.purge(scope, kind)
  }

  async count(scope: Scope): Promise<Purged> {
    this.#requireOpen()
    return { ...(await this.#survey.count(scope)), notKept: [] }
  }

  cutOff(scope: Scope): Promise<void> {
    return this.#purges.cutOff(scope)
  }

  async each(scope: Scope, visit: (tier: TierName, listed: Listed) => void): Promise<readonly TierName[]> {
    this.#requireOpen()
    return this.#survey.each(scope, visit)
  }

  async peek(id: RecordId, failed?: (tier: TierName) => void): Promise<Peeked | undefined> {
    this.#requireOpen()
    return this.#survey.peek(id, failed)
  }

  usage(): readonly (readonly [TierName, TierUsage])[] {
    return this.#layers.map(({ name, tier }) => [name, tier.usage()] as const)
  }

  writes(): ReturnType<RecordStore['writes']> {
    const behind = this.#layers.slice(1)
    const { maxBytes, writingBytes } = this.#bounds
    const most = behind.length * (maxBytes + writingBytes)
    return { bytes: behind.reduce((sum, { bytes }) => sum + bytes, 0), maxBytes: most }
  }

  get isBehind(): boolean {
    return (this.#fastest?.bytes ?? 0) >= this.#bounds.writingBytes
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

  /** Nearly every call ends with the first tier, so that what it costs is written out here. */
  async #find(id: RecordId, timeline: Timeline | undefined, mayBorrow: boolean): Promise<Found | undefined> {
    this.#requireOpen()
    const fastest = this.#clean
    if (fastest === undefined) return this.#lookIn(this.#layers, id, timeline, mayBorrow)
    const step = timeline?.begin(fastest.name)
    const ready = fastest.ready(id)
    const lent = mayBorrow ? ready?.lendNow?.(id) : undefined
    let record = lent?.record
    try {
      record ??= ready?.getNow?.(id) ?? (await fastest.get(id))
    } catch (error) {
      this.#events.failed(fastest.name, 'get', error)
    }
    step?.end({ 'yatagarasu.found': record !== undefined })
    if (record === undefined) {
      this.#events.missed(fastest.name, bucketOf(id))
      return this.#layers.length > 1 ? this.#lookIn(this.#layers.slice(1), id, timeline) : undefined
    }
    this.#events.hit(fastest.name, bucketOf(id))
    return lent ? { record, tier: fastest.name, release: lent.release } : { record, tier: fastest.name }
  }

  async #lookIn(
    layers: readonly WriteBehind[],
    id: RecordId,
    timeline: Timeline | undefined,
    mayBorrow = false,
    isSecondLook = false,
  ): Promise<Found | undefined> {
    const lookup = this.#lookups.begin(id)
    const purged: WriteBehind[] = []
    for (const layer of layers) {
      const step = timeline?.begin(layer.name)
      const found = await this.#ask(layer, id, purged, mayBorrow)
      step?.end({ 'yatagarasu.found': found !== undefined })
      if (found === undefined) continue
      if (this.#lookups.finish(lookup)) this.#promote(id, found.record, layer)
      return found
    }
    const isMissing = this.#lookups.finish(lookup)
    if (isMissing) for (const layer of purged) void layer.remove(id) // never rejects
    // While a slow tier said no, somebody else has fetched the object and put it: in a tier that was asked before.
    return isMissing || isSecondLook ? undefined : this.#lookIn(this.#layers, id, timeline, false, true)
  }

  /** What is purged is a miss; the tier that has it is added to `purged`. */
  async #ask(layer: WriteBehind, id: RecordId, purged: WriteBehind[], mayBorrow: boolean): Promise<Found | undefined> {
    try {
      const ready = layer.ready(id)
      // What goes to faster tiers as well is not only lent.
      const lent = mayBorrow && layer === this.#fastest ? ready?.lendNow?.(id) : undefined
      const record = lent?.record ?? ready?.getNow?.(id) ?? (await layer.get(id))
      const isPurged = record !== undefined && this.#isPurged(id, record)
      if (isPurged) purged.push(layer)
      const isHit = record !== undefined && !isPurged
      if (!isHit) lent?.release()
      this.#events[isHit ? 'hit' : 'missed'](layer.name, bucketOf(id))
      if (!isHit) return undefined
      return lent ? { record, tier: layer.name, release: lent.release } : { record, tier: layer.name }
    } catch (error) {
      this.#events.failed(layer.name, 'get', error)
      this.#events.missed(layer.name, bucketOf(id))
      return undefined
    }
  }

  #isPurged(id: RecordId, record: CacheRecord): boolean {
    return record.kind === 'object' && this.#purges.covers(id, tagsOf(record), record.head.requestedAt)
  }

  #isRefused(id: RecordId, record: CacheRecord): boolean {
    return record.kind === 'object' && this.#purges.refuses(id, tagsOf(record), record.head.requestedAt)
  }

  async #isPurgedIn(layer: WriteBehind, id: RecordId): Promise<boolean> {
    if (objectOf(id) !== id || layer === this.#clean) return false
    const head = (await layer.peek(id))?.head
    return head !== undefined && this.#isPurged(id, { kind: 'object', head })
  }

  #promote(id: RecordId, record: CacheRecord, from: WriteBehind): void {
    if (this.#isPurged(id, record)) return // since it was asked for
    for (const layer of this.#layers) {
      if (layer === from) return
      layer.promote(id, record)
    }
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new Error('the record store is closed')
  }
}
