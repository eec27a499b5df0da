/**
 * The purges that are in force. Clearing alone is not enough: what was on its way from the origin when a purge was ordered,
 * a write that waited in a queue, a file that could not be removed, or another proxy would bring back what is gone. So
 * whatever came of an exchange with the origin that began at or before a purge is refused for as long as anybody may have it.
 */

import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { EpochMs, RecordId, TierName } from '../base/types.ts'
import type { Purge, PurgeFollowers, PurgeJudge, PurgeKeeper, PurgeMark, PurgeNews } from './purge.ts'
import { PurgeMarks } from './purge-marks.ts'
import { everything, type Scope, scopeKey } from './scope.ts'

/** Of 300 bytes or so each. */
const maxPurges = 100_000
/** Longer than any download takes, and than most are away who share a Redis. */
export const leastKeptForMs = 24 * 60 * 60 * 1000
/** When there are too many: no clearing and next to no download takes longer. */
const neededForMs = 10 * 60 * 1000

export interface Ordered {
  readonly purge: Purge
  /** Resolves when all who follow heed it. Undefined: nobody does. */
  readonly heeded: Promise<void> | undefined
  /** Resolves with the keepers that could not promise to remember it; never rejects. */
  readonly notKept: Promise<readonly TierName[]>
}

export class PurgeLog implements PurgeNews, PurgeJudge {
  readonly #clock: Clock
  readonly #random: Random
  readonly #keptForMs: number
  readonly #keepers: PurgeKeeper[] = []
  /** The newest of each scope and kind, in the order they were heard of. */
  readonly #purges = new Map<string, Purge>()
  readonly #marks = { hard: new PurgeMarks(), soft: new PurgeMarks(), cut: new PurgeMarks() }
  #generation = 0
  #followers: PurgeFollowers | undefined
  #heed: (purge: Purge, heeded?: Promise<void>) => void = () => undefined
  #expire: (purge: Purge) => Promise<boolean> = async () => true
  #keepingFailed: (keeper: TierName, error: unknown) => void = () => undefined
  #expiring: Promise<void> = Promise.resolve()
  #isHeld = false
  #looked: Promise<void> = Promise.resolve()
  /** What they cover could not be removed; tried again when the next purge comes. */
  readonly #unexpired: Purge[] = []

  /** `keptForMs`: at least as long as records may lie in a tier that does not look for what is purged. */
  constructor(clock: Clock, random: Random, keptForMs = leastKeptForMs) {
    this.#clock = clock
    this.#random = random
    this.#keptForMs = Math.max(leastKeptForMs, keptForMs)
  }

  /** Counts up with each purge heard of: what was worked out before has to be again. */
  get generation(): number {
    return this.#generation
  }

  /** How many are in force. */
  get size(): number {
    return this.#purges.size
  }

  addKeeper(keeper: PurgeKeeper): void {
    this.#keepers.push(keeper)
  }

  /** Until this settles nothing is forgotten: somewhere lies what nobody has looked at yet. */
  holdUntil(looked: Promise<void>): void {
    this.#isHeld = true
    this.#looked = looked
    void looked.then(() => {
      this.#isHeld = false
    })
  }

  /** Resolves when all is known that lies in the tiers of this process. */
  get looked(): Promise<void> {
    return this.#looked
  }

  isKeptBy(name: TierName): boolean {
    return this.#keepers.some((keeper) => keeper.name === name)
  }

  /** In force here as soon as it is called. */
  order(scope: Scope, kind: Purge['kind']): Ordered {
    const purge = { id: this.#random.requestId(), scope, at: this.#clock.now(), kind }
    this.#hear(purge)
    return { purge, heeded: this.#followers?.heed(purge), notKept: this.#keep(purge) }
  }

  /**
   * What the origin has been asked for in this scope is not to be stored when it comes; what is stored may stay. Resolves when
   * that holds for all who follow.
   */
  async cutOff(scope: Scope): Promise<void> {
    const mark = { kind: 'cut', scope, at: this.#clock.now() } as const
    this.#marks.cut.set(scope, mark.at)
    await this.#followers?.set(mark)
  }

  remembered(purge: Purge): void {
    if (this.#hear(purge)) void this.#followers?.set(purge)
  }

  arrived(purge: Purge): void {
    if (this.#purges.get(keyOf(purge))?.id === purge.id) return
    if (this.#hear(purge)) void this.#keep(purge) // never rejects; whoever told of it has it
    // Also one that seems older than what is known: our clock may have been set back since.
    this.#heed(purge, this.#followers?.heed(purge))
  }

  /** Called when a purge has arrived from elsewhere and is in force; `heeded` as in `order`. */
  onArrival(heed: (purge: Purge, heeded?: Promise<void>) => void): void {
    this.#heed = heed
  }

  /** They are told of what comes and goes from now on. */
  leads(followers: PurgeFollowers): void {
    this.#followers = followers
  }

  /** All that is in force, for one more follower. */
  get marks(): readonly PurgeMark[] {
    return (['hard', 'soft', 'cut'] as const).flatMap((kind) =>
      this.#marks[kind].all.map(([scope, at]) => ({ kind, scope, at })),
    )
  }

  /** For who leads: what it covers is gone from every tier, or will be. */
  cleared(purge: Purge): void {
    this.#followers?.cleared(purge)
  }

  /** For who follows: in force here as well, until `unfollow`. */
  follow({ kind, scope, at }: PurgeMark): void {
    this.#marks[kind].set(scope, at)
    this.#generation += 1
  }

  /** For who follows: as `follow`, and what tiers hold has yet to heed it. */
  followArrival(purge: Purge): void {
    this.follow(purge)
    this.#heed(purge)
  }

  unfollow({ kind, scope, at }: PurgeMark): void {
    this.#marks[kind].delete(scope, at)
  }

  /**
   * Called before a soft purge is forgotten, which would make what it covers fresh again: `expire` removes that, resolves
   * with whether it could, and never rejects. It stays in force until then.
   */
  onExpiry(expire: (purge: Purge) => Promise<boolean>): void {
    this.#expire = expire
  }

  onKeepingFailed(tell: (keeper: TierName, error: unknown) => void): void {
    this.#keepingFailed = tell
  }

  /** Whether a hard purge covers what came of an exchange that began then. `tags` 'unknown': as if it carried every tag. */
  covers(id: RecordId, tags: readonly string[] | 'unknown', requestedAt: EpochMs): boolean {
    return this.#hasAfter(this.#marks.hard, id, tags, requestedAt)
  }

  /** Whether what comes of an exchange that began then is not to be stored. `tags` as in `covers`. */
  refuses(id: RecordId, tags: readonly string[] | 'unknown', requestedAt: EpochMs): boolean {
    return this.covers(id, tags, requestedAt) || this.#hasAfter(this.#marks.cut, id, tags, requestedAt)
  }

  /**
   * Since when a soft purge has made it stale. A newer purge of the same scope begins the time anew: what may be served
   * stale for a while may be so a while longer.
   */
  staleSince(id: RecordId, tags: readonly string[], requestedAt: EpochMs): EpochMs | undefined {
    const { soft } = this.#marks
    if (soft.isEmpty) return undefined
    const times = soft.timesOf(id, tags).filter((at) => this.#mayPrecede(requestedAt, at))
    return times.length === 0 ? undefined : (Math.min(...times) as EpochMs)
  }

  /** Whether what comes of an exchange that began then is not to be stored, or stale at once. `tags` as in `covers`. */
  isOutdated(id: RecordId, tags: readonly string[] | 'unknown', requestedAt: EpochMs): boolean {
    return this.refuses(id, tags, requestedAt) || this.#hasAfter(this.#marks.soft, id, tags, requestedAt)
  }

  isDoubtful(id: RecordId, tags: readonly string[], requestedAt: EpochMs, marginMs: number): boolean {
    const earliest = (requestedAt - marginMs) as EpochMs
    const { hard, soft } = this.#marks
    return [hard, soft].some(
      (marks) => this.#hasAfter(marks, id, tags, earliest) && !this.#hasAfter(marks, id, tags, requestedAt),
    )
  }

  #hasAfter(marks: PurgeMarks, id: RecordId, tags: readonly string[] | 'unknown', requestedAt: EpochMs): boolean {
    return !marks.isEmpty && marks.timesOf(id, tags).some((at) => this.#mayPrecede(requestedAt, at))
  }

  /** What began at a time that is yet to come began before the clock was set back: before the purge or after, nobody knows. */
  #mayPrecede(requestedAt: EpochMs, at: EpochMs): boolean {
    return requestedAt <= at || requestedAt > this.#clock.now()
  }

  /** False: it was known, or one of the same scope that is as new. */
  #hear(purge: Purge): boolean {
    const key = keyOf(purge)
    const older = this.#purges.get(key)
    if (older !== undefined && older.at >= purge.at) return false
    this.#purges.delete(key)
    this.#purges.set(key, purge)
    this.#marks[purge.kind].set(purge.scope, purge.at)
    this.#generation += 1
    this.#makeRoom()
    return true
  }

  async #keep(purge: Purge): Promise<readonly TierName[]> {
    const notKept: TierName[] = []
    const keeping = this.#keepers.map(async (keeper) => {
      try {
        await keeper.keep(purge)
      } catch (error) {
        notKept.push(keeper.name) // the caller's answer says so
        this.#keepingFailed(keeper.name, error)
      }
    })
    await Promise.all(keeping)
    return notKept
  }

  /** Only here purges are forgotten: what nobody adds to does not grow. */
  #makeRoom(): void {
    if (this.#isHeld) return
    const now = this.#clock.now()
    for (const purge of this.#unexpired.splice(0)) this.#expireInTurn(purge)
    for (const [key, purge] of this.#purges) {
      const ageMs = now - purge.at
      if (ageMs < this.#keptForMs && this.#purges.size <= maxPurges) return
      this.#purges.delete(key)
      if (ageMs < neededForMs) this.#widen(purge)
      else if (purge.kind === 'soft') this.#expireInTurn(purge)
      else this.#forget(purge)
    }
  }

  /** Too many, and still needed: rather everything that is as old than nothing. */
  #widen(purge: Purge): void {
    this.remembered({ ...purge, scope: everything })
    if (purge.scope.kind !== 'all') this.#forget(purge)
  }

  #forget(purge: Purge): void {
    this.#marks[purge.kind].delete(purge.scope, purge.at)
    this.#followers?.forgotten(purge)
  }

  /** One at a time, for each may have to look at all there is. */
  #expireInTurn(purge: Purge): void {
    this.#expiring = this.#expiring.then(async () => {
      if (!(await this.#expire(purge))) {
        this.#unexpired.push(purge)
        return
      }
      this.#forget(purge)
      for (const keeper of this.#keepers) keeper.forget(purge)
    })
  }
}

function keyOf({ kind, scope }: Purge): string {
  return `${kind}\n${scopeKey(scope)}`
}
