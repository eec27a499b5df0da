/** Purges, which one thread hears of and every thread heeds. */

import type { Purge, PurgeFollowers, PurgeMark } from '../cache/purge.ts'
import type { PurgeLog } from '../cache/purge-log.ts'
import { covers } from '../cache/scope.ts'
import type { CacheTier, Removed } from '../cache/tier.ts'
import type { RunTable } from '../objects/run-table.ts'
import { type Link, LinkClosed } from './link.ts'

/** What a thread that follows does for the one that leads. */
export type PurgeCalls = {
  purgeSet(mark: PurgeMark): void
  purgeHeed(purge: Purge): void
  purgeCleared(id: string): void
  purgeForgotten(mark: PurgeMark): void
}

interface Follower {
  readonly link: Link<PurgeCalls>
  /** What it is told while it begins; undefined: it serves. */
  early: Promise<void>[] | undefined
}

/** Tells threads what the log hears. One that has ended, or ends meanwhile, has nothing left to heed. */
export class PurgeAnnouncer implements PurgeFollowers {
  readonly #log: PurgeLog
  readonly #followers = new Map<number, Follower>()

  constructor(log: PurgeLog) {
    this.#log = log
    log.leads(this)
  }

  /**
   * What is in force, to be sent at once: the thread hears of everything that comes after. No purge waits for it yet: it takes
   * its time to begin, and has nothing to heed until it serves.
   */
  join(thread: number, link: Link<PurgeCalls>): readonly PurgeMark[] {
    this.#followers.set(thread, { link, early: [] })
    return this.#log.marks
  }

  /** Before it serves anybody: purges wait for it from now on. Resolves when it heeds those that did not. */
  async serves(thread: number): Promise<void> {
    const follower = this.#followers.get(thread)
    const early = follower?.early ?? []
    if (follower !== undefined) follower.early = undefined
    await Promise.all(early)
  }

  /** Its link is closed: whoever waits for it is told so there. */
  ended(thread: number): void {
    this.#followers.delete(thread)
  }

  set(mark: PurgeMark): Promise<void> {
    return this.#haveAll((link) => link.call('purgeSet', markOf(mark)))
  }

  heed(purge: Purge): Promise<void> {
    return this.#haveAll((link) => link.call('purgeHeed', purge))
  }

  cleared({ id }: Purge): void {
    for (const { link } of this.#followers.values()) link.tell('purgeCleared', id)
  }

  forgotten(mark: PurgeMark): void {
    for (const { link } of this.#followers.values()) link.tell('purgeForgotten', markOf(mark))
  }

  async #haveAll(act: (link: Link<PurgeCalls>) => Promise<void>): Promise<void> {
    const serving: Promise<void>[] = []
    for (const { link, early } of this.#followers.values()) {
      const acted = unlessEnded(act(link))
      acted.catch(() => undefined) // told to whoever waits for it, in case anybody does
      if (early === undefined) serving.push(acted)
      else early.push(acted)
    }
    await Promise.all(serving)
  }
}

async function unlessEnded(acted: Promise<void>): Promise<void> {
  try {
    await acted
  } catch (error) {
    if (!(error instanceof LinkClosed)) throw error // cleaned up: that thread stores nothing any more
  }
}

/** Keeps a log in step with the one of the thread that leads, which forgets and clears for both. */
export class PurgeFollower {
  readonly #log: PurgeLog
  readonly #uncleared = new Map<string, PromiseWithResolvers<void>>()
  #newest: Promise<void> = Promise.resolve()

  constructor(log: PurgeLog) {
    this.#log = log
  }

  /** All that was in force when this thread joined. */
  adopt(marks: readonly PurgeMark[]): void {
    for (const mark of marks) this.#log.follow(mark)
  }

  /**
   * The tier itself, from now on without clearing: that is done once for all threads. Until it is, what it has is in doubt for
   * whoever asked it to.
   */
  clearedElsewhere<T extends CacheTier>(tier: T): T {
    return Object.assign(tier, {
      clear: async (): Promise<Removed> => {
        await this.#newest
        return { entries: 0, bytes: 0 }
      },
    })
  }

  /** `runs`: of this thread. */
  calls(runs: Pick<RunTable, 'storeNothing'>): PurgeCalls {
    return {
      purgeSet: (mark) => this.#log.follow(mark),
      purgeHeed: (purge) => {
        if (purge.kind === 'hard') this.#expectClearing(purge)
        this.#log.followArrival(purge)
        runs.storeNothing((key, head) => covers(purge.scope, key.id, head.tags))
      },
      purgeCleared: (id) => {
        this.#uncleared.get(id)?.resolve()
        this.#uncleared.delete(id)
      },
      purgeForgotten: (mark) => this.#log.unfollow(mark),
    }
  }

  #expectClearing({ id }: Purge): void {
    const clearing = this.#uncleared.get(id) ?? Promise.withResolvers<void>()
    this.#uncleared.set(id, clearing)
    this.#newest = clearing.promise
  }
}

/** Without the id that purges have. */
const markOf = ({ kind, scope, at }: PurgeMark): PurgeMark => ({ kind, scope, at })
