/**
 * One tier as the store uses it: for each id the newest *wish*, a record to be put or its removal, until the tier has made
 * it true. Reads see the wish before the tier, so that nothing is read that was replaced or removed.
 *
 * | wish    | what it does               | leaves it when                                                              |
 * |---------|----------------------------|-----------------------------------------------------------------------------|
 * | in line | waits for room             | there is some -> waiting; there was none for `patienceMs` -> owed           |
 * | waiting | is in the queue            | a writer is free and nothing of this id is running -> running               |
 * | running | the tier is at it          | done -> gone; failed -> owed                                                |
 * | owed    | an older record may be there | tried again after `retryMs`, one of all first -> waiting                  |
 *
 * A newer wish for the same id takes the place of one that waits or is owed. A put that fails or finds no room becomes an
 * owed removal: the tier must not go on serving what the put was to replace.
 */

import type { Clock } from '../base/clock.ts'
import type { RecordId, TierName } from '../base/types.ts'
import { Clearings } from './clearings.ts'
import type { Doubts } from './doubts.ts'
import { putAtOnce } from './put-at-once.ts'
import { patienceMs, type WriteBounds } from './queue-bounds.ts'
import { QueueRoom } from './queue-room.ts'
import { type CacheRecord, tagsOf, withOwnBody } from './record.ts'
import { recordCost } from './record-cost.ts'
import { covers, type Scope } from './scope.ts'
import { type CacheTier, type Listed, type Removed, type StoreEvents, TierUnavailable } from './tier.ts'
import { UnderWay } from './under-way.ts'
import { eachWished, nothing, owedRemovalOf, putOf, removalOf, type Seen, seenIn, type Wish } from './wish.ts'

/** Soon enough for what is owed to a tier that works again, and little to ask of one that does not. */
const retryMs = 1000
/** Past so many the ids are forgotten, and everything the tier has had until then is in doubt. */
const maxOwed = 16_384

export class WriteBehind {
  readonly tier: CacheTier
  readonly name: TierName
  readonly #bounds: WriteBounds
  readonly #room: QueueRoom
  readonly #events: StoreEvents
  readonly #clock: Clock
  readonly #wishes = new UnderWay<RecordId, Wish>()
  readonly #waiting = new UnderWay<RecordId, Wish>()
  readonly #running = new UnderWay<RecordId, Wish>()
  readonly #owed = new Set<RecordId>()
  #runningBytes = 0
  readonly #clearings: Clearings
  readonly #doubts: Doubts
  #retry: (() => void) | undefined
  #becameIdle: (() => void) | undefined
  #isClosing = false

  constructor(tier: CacheTier, bounds: WriteBounds, events: StoreEvents, clock: Clock) {
    this.tier = tier
    this.name = tier.name
    this.#bounds = bounds
    this.#room = new QueueRoom(bounds, clock)
    this.#events = events
    this.#clock = clock
    this.#clearings = new Clearings(tier, events, clock)
    this.#doubts = this.#clearings.doubts
  }

  /** What waits, and what is being written once more: it is encoded. */
  get bytes(): number {
    return this.#room.bytes + this.#runningBytes
  }

  /** The tier, when what it has at once is the newest of this id: the way of nearly every hit. */
  ready(id: RecordId): CacheTier | undefined {
    return this.#wishes.has(id) || this.#doubts.size > 0 ? undefined : this.tier
  }

  /** Rejects as the tier does. */
  async get(id: RecordId): Promise<CacheRecord | undefined> {
    const wish = this.#wishes.get(id)
    if (wish !== undefined) return wish.record
    const record = await this.tier.get(id)
    return record !== undefined && this.#doubts.concern(id, record) ? undefined : record
  }

  async has(id: RecordId): Promise<boolean> {
    const wish = this.#wishes.get(id)
    if (wish !== undefined) return wish.record !== undefined
    return !this.#doubts.cover(id) && (await this.tier.has(id))
  }

  /** Resolves when the tier has it, or will not have it; undefined: it has it by now. Never rejects. */
  put(id: RecordId, record: CacheRecord): Promise<void> | undefined {
    return putAtOnce(this.#isClosing ? undefined : this.ready(id), id, record) ? undefined : this.#putInTurn(id, record)
  }

  async #putInTurn(id: RecordId, record: CacheRecord): Promise<void> {
    this.#withdraw(id)
    const bytes = recordCost(id, record)
    // Whoever reads a wish keeps its bytes for as long as they like.
    const wished = this.tier.copiesPuts ? withOwnBody(record) : record
    if (this.#takeRoom(bytes)) await this.#wish(putOf(id, wished, bytes))
    else this.#owe(id)
  }

  /** As `put`, by somebody who can wait: resolves when there is room for the record in the queue, or was none for a while. */
  offer(id: RecordId, record: CacheRecord): Promise<void> {
    this.#withdraw(id)
    const wish = putOf(id, record, recordCost(id, record))
    this.#wishes.set(id, wish)
    const { promise: decided, resolve } = Promise.withResolvers<void>()
    this.#room.takeWithin(patienceMs, wish.bytes, (hasRoom) => {
      resolve()
      if (this.#wishes.get(id) !== wish) return hasRoom ? this.#room.give(wish.bytes) : undefined
      if (hasRoom) return this.#enqueue(wish)
      this.#events.dropped(this.name, 'queue full')
      this.#owe(id)
    })
    return decided
  }

  /** What a slower tier has: less than anything this one was told itself. */
  promote(id: RecordId, record: CacheRecord): void {
    if (this.#wishes.has(id)) return
    const bytes = recordCost(id, record)
    if (this.#takeRoom(bytes)) void this.#wish(putOf(id, record, bytes)) // never rejects
  }

  /** Never rejects; a removal that fails is reported, and owed. */
  async remove(id: RecordId): Promise<Removed> {
    this.#withdraw(id)
    return this.#wish(removalOf(id))
  }

  /** Never rejects. Undefined: it failed. While it is owed, what the tier has had until now is in doubt. */
  async clear(scope: Scope, onRemoved?: (id: RecordId) => void): Promise<Removed | undefined> {
    const doubt = this.#doubts.raise(scope)
    const isCleared = ({ id, record }: Wish) => covers(scope, id, record && tagsOf(record))
    for (const { id } of [...this.#wishes.values()].filter(isCleared)) {
      this.#withdraw(id)
      this.#wishes.delete(id) // also of one that is running: the clearing comes after it
    }
    const running = [...this.#running.values()].filter(isCleared)
    if (running.length > 0) await Promise.all(running.map(({ settled }) => settled))
    return this.#clearings.clear(doubt, onRemoved)
  }

  /** What is in the tier or on its way there, and not to be removed. Rejects as the tier does. */
  async each(scope: Scope, visit: (listed: Listed) => void): Promise<void> {
    await eachWished(this.tier, this.#wishes, scope, (listed, isWished) => {
      if (isWished || !this.#doubts.cover(listed.id)) visit(listed)
    })
  }

  /** Rejects as the tier does. */
  async peek(id: RecordId): Promise<Seen | undefined> {
    const wish = this.#wishes.get(id)
    if (wish !== undefined) return seenIn(wish)
    const seen = await this.tier.peek(id)
    return seen && this.#doubts.concern(id, { kind: 'object', head: seen.head }) ? undefined : seen
  }

  /** Writes what waits, for `limitMs` at most, and closes the tier. */
  async close(limitMs: number): Promise<void> {
    this.#isClosing = true
    this.#retry?.()
    this.#clearings.close()
    this.#tryOwed(this.#owed)
    await this.#idleWithin(limitMs)
    for (const { record } of this.#waiting.values())
      if (record !== undefined) this.#events.dropped(this.name, 'not writing')
    this.#waiting.clear()
    const lost = [...this.#wishes.values()].filter(({ record }) => record === undefined).length + this.#doubts.size
    const told = `${lost} removals were owed until the end: older records may come back`
    if (lost > 0) this.#events.failed(this.name, 'remove', new Error(told))
    await this.tier.close()
  }

  #wish(wish: Wish): Promise<Removed> {
    this.#wishes.set(wish.id, wish)
    this.#enqueue(wish)
    return wish.settled
  }

  #enqueue(wish: Wish): void {
    this.#waiting.set(wish.id, wish)
    if (wish.isUrgent && !this.#running.has(wish.id)) this.#run(wish)
    else this.#fillWriters()
  }

  #fillWriters(): void {
    const { writers, writingBytes } = this.#bounds
    for (const wish of this.#waiting.values()) {
      const hasWriter = this.#running.size < writers && this.#runningBytes + wish.bytes <= writingBytes
      if (!hasWriter && this.#running.size > 0) return
      if (!this.#running.has(wish.id)) this.#run(wish)
    }
  }

  #run(wish: Wish): void {
    this.#waiting.delete(wish.id)
    this.#running.set(wish.id, wish)
    this.#runningBytes += wish.bytes
    void this.#makeTrue(wish)
  }

  async #makeTrue(wish: Wish): Promise<void> {
    const { id, record } = wish
    try {
      if (record !== undefined) await this.tier.put(id, record)
      this.#leave(wish, record === undefined ? await this.tier.remove(id) : nothing)
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
    this.#runningBytes -= wish.bytes
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
    const isRefused = error instanceof TierUnavailable
    if (record !== undefined && isRefused) this.#events.dropped(this.name, 'not writing')
    else if (record !== undefined) this.#events.failed(this.name, 'put', error)
    else if (isUrgent || !isRefused) this.#events.failed(this.name, 'remove', error)
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
    const hasRoom = this.#room.take(bytes)
    if (!hasRoom) this.#events.dropped(this.name, 'queue full')
    return hasRoom
  }

  #giveRoom({ record, bytes }: Wish): void {
    if (record !== undefined) this.#room.give(bytes)
  }

  #owe(id: RecordId): void {
    if (this.#owed.size >= maxOwed) {
      for (const owed of this.#owed) this.#wishes.delete(owed)
      this.#owed.clear()
      this.#doubts.raiseForGood()
    }
    this.#wishes.set(id, owedRemovalOf(id))
    this.#owed.add(id)
    this.#retryLater()
  }

  #retryLater(): void {
    if (this.#retry !== undefined || this.#isClosing) return
    this.#retry = this.#clock.alarm(retryMs, () => {
      this.#retry = undefined
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
    const { promise: over, resolve: end } = Promise.withResolvers<void>()
    const callOff = this.#clock.alarm(limitMs, end)
    this.#becameIdle = end
    await over
    callOff()
    this.#becameIdle = undefined
  }
}
