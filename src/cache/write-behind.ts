/**
 * One tier as the store uses it: for each id the newest *wish*, a record to be put or its removal, until the tier has made
 * it true. Reads see the wish before the tier, so that nothing is read that was replaced or removed.
 *
 * | wish    | what it does               | leaves it when                                                              |
 * |---------|----------------------------|-----------------------------------------------------------------------------|
 * | waiting | is in the queue            | a writer is free and nothing of this id is running -> running               |
 * | running | the tier is at it          | done -> gone; failed -> owed                                                |
 * | owed    | an older record may be there | tried again after `retryMs`, one of all first -> waiting                  |
 *
 * A newer wish for the same id takes the place of one that waits or is owed. A put that fails or finds no room becomes an
 * owed removal: the tier must not go on serving what the put was to replace.
 */

import type { Clock } from '../base/clock.ts'
import type { RecordId, TierName } from '../base/types.ts'
import { bucketOf } from './cache-key.ts'
import { type Doubt, Doubts } from './doubts.ts'
import type { CacheRecord } from './record.ts'
import { recordCost } from './record-cost.ts'
import { type CacheTier, type Removed, type StoreEvents, TierUnavailable } from './tier.ts'

export interface QueueBounds {
  /** Records that wait or are being written, and what they cost in memory. */
  readonly maxRecords: number
  readonly maxBytes: number
  readonly writers: number
}

interface Wish {
  readonly id: RecordId
  /** Undefined: the tier is to forget the id. */
  readonly record: CacheRecord | undefined
  readonly bytes: number
  /** Somebody waits for it: it does not queue. */
  readonly isUrgent: boolean
  readonly settle: (removed: Removed) => void
  readonly settled: Promise<Removed>
}

/** Soon enough for what is owed to a tier that works again, and little to ask of one that does not. */
const retryMs = 1000
/** Past so many the ids are forgotten, and everything the tier has had until then is in doubt. */
const maxOwed = 16_384
const nothing: Removed = { entries: 0, bytes: 0 }

export class WriteBehind {
  readonly tier: CacheTier
  readonly name: TierName
  readonly #bounds: QueueBounds
  readonly #events: StoreEvents
  readonly #clock: Clock
  readonly #wishes = new Map<RecordId, Wish>()
  readonly #waiting = new Map<RecordId, Wish>()
  readonly #running = new Map<RecordId, Wish>()
  readonly #owed = new Set<RecordId>()
  readonly #doubts: Doubts
  #records = 0
  #bytes = 0
  #retry: (() => void) | undefined
  #becameIdle: (() => void) | undefined
  #isClosing = false

  constructor(tier: CacheTier, bounds: QueueBounds, events: StoreEvents, clock: Clock) {
    this.tier = tier
    this.name = tier.name
    this.#bounds = bounds
    this.#events = events
    this.#clock = clock
    this.#doubts = new Doubts(clock)
  }

  /** Rejects as the tier does. */
  get(id: RecordId): Promise<CacheRecord | undefined> {
    // The way of nearly every memory hit: no promise beside the tier's own.
    if (this.#wishes.size === 0 && this.#doubts.size === 0) return this.tier.get(id)
    return this.#getPastWishes(id)
  }

  async has(id: RecordId): Promise<boolean> {
    const wish = this.#wishes.get(id)
    if (wish !== undefined) return wish.record !== undefined
    return !this.#doubts.cover(id) && (await this.tier.has(id))
  }

  /** Resolves when the tier has it, or will not have it. Never rejects. */
  async put(id: RecordId, record: CacheRecord): Promise<void> {
    this.#withdraw(id)
    const bytes = recordCost(id, record)
    if (this.#takeRoom(bytes)) await this.#wish(id, record, bytes)
    else this.#owe(id)
  }

  /** What a slower tier has: less than anything this one was told itself. */
  promote(id: RecordId, record: CacheRecord): void {
    if (this.#wishes.has(id)) return
    const bytes = recordCost(id, record)
    if (this.#takeRoom(bytes)) void this.#wish(id, record, bytes) // never rejects
  }

  /** Never rejects; a removal that fails is reported, and owed. */
  async remove(id: RecordId): Promise<Removed> {
    this.#withdraw(id)
    return this.#wish(id, undefined, 0, true)
  }

  /** Never rejects; while it is owed, what the tier has had until now is in doubt. */
  async clear(bucket?: string): Promise<Removed> {
    const doubt = this.#doubts.raise(bucket)
    const isCleared = (id: RecordId) => bucket === undefined || bucketOf(id) === bucket
    for (const id of [...this.#wishes.keys()].filter(isCleared)) {
      this.#withdraw(id)
      this.#wishes.delete(id) // also of one that is running: the clearing comes after it
    }
    const running = [...this.#running.values()].filter(({ id }) => isCleared(id))
    if (running.length > 0) await Promise.all(running.map(({ settled }) => settled))
    return this.#clearTier(doubt)
  }

  /** Writes what waits, for `limitMs` at most, and closes the tier. */
  async close(limitMs: number): Promise<void> {
    this.#isClosing = true
    this.#retry?.()
    this.#tryOwed(this.#owed)
    await this.#idleWithin(limitMs)
    for (const { record } of this.#waiting.values()) if (record !== undefined) this.#events.dropped(this.name)
    this.#waiting.clear()
    const removals = [...this.#wishes.values()].filter(({ record }) => record === undefined)
    const lost = removals.length + this.#doubts.size
    if (lost > 0) {
      const error = new Error(`${lost} removals were owed until the end: older records may come back`)
      this.#events.failed(this.name, 'remove', error)
    }
    await this.tier.close()
  }

  async #clearTier(doubt: Doubt): Promise<Removed> {
    try {
      const removed = await this.tier.clear(doubt.bucket)
      this.#doubts.settle(doubt)
      return removed
    } catch (error) {
      this.#events.failed(this.name, 'remove', error)
      this.#doubts.owe(doubt)
      this.#retryLater()
      return nothing
    }
  }

  async #getPastWishes(id: RecordId): Promise<CacheRecord | undefined> {
    const wish = this.#wishes.get(id)
    if (wish !== undefined) return wish.record
    const record = await this.tier.get(id)
    return record !== undefined && this.#doubts.concern(id, record) ? undefined : record
  }

  #wish(id: RecordId, record: CacheRecord | undefined, bytes: number, isUrgent = false): Promise<Removed> {
    const { promise: settled, resolve: settle } = Promise.withResolvers<Removed>()
    const wish: Wish = { id, record, bytes, isUrgent, settled, settle }
    this.#wishes.set(id, wish)
    this.#waiting.set(id, wish)
    if (isUrgent && !this.#running.has(id)) this.#run(wish)
    else this.#fillWriters()
    return settled
  }

  #fillWriters(): void {
    for (const wish of this.#waiting.values()) {
      if (this.#running.size >= this.#bounds.writers) return
      if (!this.#running.has(wish.id)) this.#run(wish)
    }
  }

  #run(wish: Wish): void {
    this.#waiting.delete(wish.id)
    this.#running.set(wish.id, wish)
    void this.#makeTrue(wish)
  }

  async #makeTrue(wish: Wish): Promise<void> {
    const { id, record } = wish
    try {
      if (record !== undefined) await this.tier.put(id, record)
      const removed = record === undefined ? await this.tier.remove(id) : nothing
      this.#leave(wish, removed)
      if (record === undefined && this.#owed.size > 0) this.#tryOwed(this.#owed)
    } catch (error) {
      this.#report(wish, error)
      const isNewest = this.#wishes.get(id) === wish
      this.#leave(wish, nothing)
      if (isNewest) this.#owe(id)
    }
    this.#goOn(id)
  }

  #leave(wish: Wish, removed: Removed): void {
    this.#running.delete(wish.id)
    if (this.#wishes.get(wish.id) === wish) this.#wishes.delete(wish.id)
    this.#giveRoom(wish)
    wish.settle(removed)
  }

  #goOn(id: RecordId): void {
    const next = this.#waiting.get(id)
    if (next?.isUrgent) this.#run(next)
    this.#fillWriters()
    if (this.#waiting.size === 0 && this.#running.size === 0) this.#becameIdle?.()
  }

  #report({ record, isUrgent }: Wish, error: unknown): void {
    const { name } = this
    const isRefused = error instanceof TierUnavailable
    if (record !== undefined && isRefused) this.#events.dropped(name)
    else if (record !== undefined) this.#events.failed(name, 'put', error)
    else if (isUrgent || !isRefused) this.#events.failed(name, 'remove', error)
  }

  /** Something newer is to be wished for this id. */
  #withdraw(id: RecordId): void {
    this.#owed.delete(id)
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return
    this.#waiting.delete(id)
    this.#giveRoom(waiting)
    waiting.settle(nothing)
  }

  /** False, and told: there is none. The newest is dropped, for what waits is on its way, and readers may be living on it. */
  #takeRoom(bytes: number): boolean {
    const { maxRecords, maxBytes } = this.#bounds
    if (this.#records >= maxRecords || this.#bytes + bytes > maxBytes) {
      this.#events.dropped(this.name)
      return false
    }
    this.#records++
    this.#bytes += bytes
    return true
  }

  #giveRoom({ record, bytes }: Wish): void {
    if (record === undefined) return
    this.#records--
    this.#bytes -= bytes
  }

  #owe(id: RecordId): void {
    if (this.#owed.size >= maxOwed) {
      for (const owed of this.#owed) this.#wishes.delete(owed)
      this.#owed.clear()
      this.#doubts.raiseForGood()
    }
    const settled = Promise.resolve(nothing)
    this.#wishes.set(id, { id, record: undefined, bytes: 0, isUrgent: false, settled, settle: () => {} })
    this.#owed.add(id)
    this.#retryLater()
  }

  #retryLater(): void {
    if (this.#retry !== undefined || this.#isClosing) return
    this.#retry = this.#clock.alarm(retryMs, () => {
      this.#retry = undefined
      for (const doubt of this.#doubts.takeOwed()) void this.#clearTier(doubt) // never rejects
      const [first] = this.#owed
      if (first !== undefined) this.#tryOwed([first]) // when it is done the others follow
    })
  }

  #tryOwed(ids: Iterable<RecordId>): void {
    for (const id of ids) {
      const wish = this.#wishes.get(id)
      this.#owed.delete(id)
      if (wish !== undefined) this.#waiting.set(id, wish)
    }
    this.#fillWriters()
  }

  async #idleWithin(limitMs: number): Promise<void> {
    if (this.#waiting.size === 0 && this.#running.size === 0) return
    await new Promise<void>((resolve) => {
      const callOff = this.#clock.alarm(limitMs, resolve)
      this.#becameIdle = () => {
        callOff()
        resolve()
      }
    })
    this.#becameIdle = undefined
  }
}
