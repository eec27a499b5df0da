/**
 * The purges of all proxies that share a Redis. When one counts from is said by the clock of Redis, where it is written
 * down: a proxy whose clock is wrong purges what the others do.
 */

import type { Clock } from '../base/clock.ts'
import type { EpochMs, RecordId } from '../base/types.ts'
import type { RedisClient } from '../redis/client.ts'
import { RedisFailure } from '../redis/failure.ts'
import type { Purge, PurgeJudge, PurgeNews } from './purge.ts'
import type { ObjectHead } from './record.ts'
import type { RedisClock } from './redis-clock.ts'
import { marginMs, maxPurges, purgesKeptForMs, RedisPurgeSet } from './redis-purge-set.ts'
import { decodePurge } from './redis-purge-text.ts'
import { everything } from './scope.ts'

export interface RedisPurgePorts {
  readonly purges: PurgeNews & PurgeJudge
  /**
   * Until when, by the clock of Redis, what lies in other tiers since an earlier run has seen everybody's purges. Undefined:
   * nothing lies there. Asked before the first read.
   */
  syncedAt(): EpochMs | undefined
  /** All purges that were there then, by the clock of Redis, have been told. Each second. */
  synced(at: EpochMs): void
}

export interface RedisPurgesOptions {
  readonly keyPrefix: string
  /** How long records stay; 0: for ever. Their purges stay longer. */
  readonly ttlMs: number
}

const askEveryMs = 1000
/** Purges that come so long after others with a later score are heard all the same: another server has taken over. */
const overlapMs = 2000
/** Without an answer for so long, somebody's purge may be missing: what is in Redis is not believed any more. */
const deafAfterMs = 5000

export class RedisPurges {
  readonly #client: RedisClient
  readonly #redisClock: RedisClock
  readonly #clock: Clock
  readonly #ports: RedisPurgePorts
  readonly #set: RedisPurgeSet
  readonly #startedMs: number
  readonly #callOff: () => void
  #told = new Set<string>()
  #hearing: Promise<void> | undefined
  /** Counts what made earlier answers worthless. */
  #era = 0
  /** The latest hearing that came to its end: by the monotonic clock, and by that of Redis. The first is undefined for a new connection. */
  #heardAtMs: number | undefined
  #heardUntilMs: number | undefined
  #shiftMs = 0
  #trimmedUntilMs = Number.NEGATIVE_INFINITY

  constructor(
    client: RedisClient,
    redisClock: RedisClock,
    clock: Clock,
    { keyPrefix, ttlMs }: RedisPurgesOptions,
    ports: RedisPurgePorts,
  ) {
    this.#client = client
    this.#redisClock = redisClock
    this.#clock = clock
    this.#ports = ports
    this.#set = new RedisPurgeSet(client, keyPrefix, purgesKeptForMs(ttlMs))
    this.#startedMs = clock.monotonicMs()
    this.#callOff = clock.repeat(askEveryMs, () => this.#hearQuietly())
  }

  /** Resolves when whoever reads from this Redis from now on will have heard of it. */
  async keep(purge: Purge): Promise<void> {
    if (this.#told.has(purge.id)) return // it came from there
    this.#told.add(purge.id)
    try {
      await this.#set.add(purge)
    } catch (error) {
      this.#told.delete(purge.id) // perhaps it is not there: the next attempt has to try
      throw error
    }
  }

  /** Resolves when all purges are known but those of the last seconds. Rejects when Redis does not tell them. */
  async known(): Promise<void> {
    while (!this.#isKnown) await this.#hear()
  }

  /**
   * A purge may cover it: one that is not in Redis any more, or one that it seems to come just after. Whoever wrote it knew the
   * difference of the clocks no better than we do.
   */
  isDoubtful(id: RecordId, { requestedAt, tags = [] }: ObjectHead): boolean {
    if (requestedAt + this.#shiftMs <= this.#trimmedUntilMs) return true
    return this.#ports.purges.isDoubtful(id, tags, requestedAt, marginMs)
  }

  /** Perhaps it is another server now: what it has is heard anew. */
  connectionCame(): void {
    this.#forget()
    this.#hearQuietly()
  }

  close(): void {
    this.#callOff()
    this.#forget()
  }

  get #isKnown(): boolean {
    if (this.#heardAtMs === undefined || this.#clock.monotonicMs() - this.#heardAtMs > deafAfterMs) return false
    return this.#isInStep(this.#redisClock.shiftMs)
  }

  /** Else our clock was set: the times told so far are wrong, and those of records are right. */
  #isInStep(shiftMs: number): boolean {
    return Math.abs(shiftMs - this.#shiftMs) <= marginMs / 2
  }

  #forget(): void {
    this.#era += 1
    this.#heardAtMs = undefined
    this.#hearing = undefined
  }

  #hear(): Promise<void> {
    if (this.#hearing !== undefined) return this.#hearing
    const hearing = this.#hearNow(this.#era).finally(() => {
      if (this.#hearing === hearing) this.#hearing = undefined
    })
    this.#hearing = hearing
    return hearing
  }

  #hearQuietly(): void {
    // Without an answer reads will reject; that Redis does not answer is told elsewhere.
    this.#hear().catch(() => undefined)
  }

  /** The time is asked for before the purges, and what was trimmed after them: nothing goes missing in between. */
  async #hearNow(era: number): Promise<void> {
    const nowMs = this.#clock.monotonicMs()
    if (this.#heardAtMs === undefined) await this.#redisClock.measure()
    const timeMs = Math.floor(await this.#client.serverTimeMs())
    const { shiftMs } = this.#redisClock
    const isWhole = this.#heardAtMs === undefined || !this.#isInStep(shiftMs) || this.#told.size > 2 * maxPurges
    const heardUntilMs = this.#heardUntilMs ?? this.#seenBefore(timeMs - (nowMs - this.#startedMs))
    const there = new Set<string>()
    const from = isWhole ? Number.NEGATIVE_INFINITY : heardUntilMs - overlapMs
    for await (const [text, score] of this.#set.since(from)) {
      this.#requireSame(era)
      const purge = decodePurge(text, (score - shiftMs) as EpochMs)
      there.add(purge.id)
      this.#tell(purge, isWhole, this.#heardUntilMs === undefined && score <= heardUntilMs - overlapMs)
    }
    const trimmedUntilMs = await this.#set.trimmedUntil()
    this.#requireSame(era)
    if (trimmedUntilMs > heardUntilMs) this.#tell(forgotten(trimmedUntilMs, shiftMs), isWhole, false)
    if (isWhole) this.#told = there
    this.#shiftMs = shiftMs
    this.#trimmedUntilMs = trimmedUntilMs
    this.#heardUntilMs = Math.max(timeMs, trimmedUntilMs)
    this.#heardAtMs = nowMs
    this.#ports.synced(timeMs as EpochMs)
  }

  /** What this process has stored so far has not seen the purges since it began. */
  #seenBefore(startedMs: number): number {
    return Math.min(this.#ports.syncedAt() ?? startedMs, startedMs)
  }

  #tell(purge: Purge, isWhole: boolean, isOld: boolean): void {
    const isTold = this.#told.has(purge.id)
    if (isTold && !isWhole) return
    this.#told.add(purge.id)
    if (isTold || isOld) this.#ports.purges.remembered(purge)
    else this.#ports.purges.arrived(purge)
  }

  #requireSame(era: number): void {
    if (era !== this.#era) throw new RedisFailure('connection-lost', 'the connection to redis has changed')
  }
}

/** Purges have come and gone again while this process, or its disk, was away: whatever they were. */
function forgotten(untilMs: number, shiftMs: number): Purge {
  return { id: `trimmed-${untilMs}`, scope: everything, at: (untilMs - shiftMs) as EpochMs, kind: 'hard' }
}
