/** What is said about purges between those who order them, those who write them down, and those who heed them. */

import type { EpochMs, RecordId, TierName } from '../base/types.ts'
import type { Scope } from './scope.ts'

export interface Purge {
  /** A UUID: the same purge may be heard of twice. */
  readonly id: string
  readonly scope: Scope
  /** What the origin was asked for at this time or before is covered: what came of it since as well. */
  readonly at: EpochMs
  /** `hard`: it is not there any more. `soft`: it is stale from then on. */
  readonly kind: 'hard' | 'soft'
}

/** What is in force: of a purge, or of one that has yet to say what it means (`cut`: nothing asked for until then is stored). */
export interface PurgeMark {
  readonly kind: Purge['kind'] | 'cut'
  readonly scope: Scope
  readonly at: EpochMs
}

/** Other threads, which judge by the purges of this one and order none. */
export interface PurgeFollowers {
  /** Resolves when it is in force for all of them. */
  set(mark: PurgeMark): Promise<void>
  /** The same. A hard one is news to what they hold: until it is `cleared` they do not believe what they find. */
  heed(purge: Purge): Promise<void>
  /** What it covers is gone from every tier, or will be. */
  cleared(purge: Purge): void
  forgotten(mark: PurgeMark): void
}

/** A place that outlives the process, or that others share: it keeps the purges that concern what lies in it. */
export interface PurgeKeeper {
  readonly name: TierName
  /**
   * Resolves when whoever opens the place from now on, after a crash or from another machine, will hear of it before reading
   * anything there. Rejects when that cannot be promised.
   */
  keep(purge: Purge): Promise<void>
  /** Nothing that it covers is left here or in memory: it need not be kept for this process any more. */
  forget(purge: Purge): void
}

/** Says of what others have stored whether it came after a purge. */
export interface PurgeJudge {
  /** It seems so, but a clock that is off by `marginMs` would make it older. */
  isDoubtful(id: RecordId, tags: readonly string[], requestedAt: EpochMs, marginMs: number): boolean
}

/** What a keeper tells of purges that it did not get from this process. */
export interface PurgeNews {
  /** It was there before: what lies in other tiers has seen it. */
  remembered(purge: Purge): void
  /** Somebody else ordered it since: all tiers of this process have yet to heed it. */
  arrived(purge: Purge): void
}
