/** Forgetting, or taking for stale, what an administrator says. */

import { setImmediate as turn } from 'node:timers/promises'
import type { Clock } from '../base/clock.ts'
import type { RecordId, TierName } from '../base/types.ts'
import { wholeOf } from '../cache/cache-key.ts'
import { ObjectCount } from '../cache/object-count.ts'
import type { Purge } from '../cache/purge.ts'
import { covers, type Scope, scopeKey } from '../cache/scope.ts'
import { Stints } from '../cache/stints.ts'
import type { Removed } from '../cache/tier.ts'
import type { Purged, RecordStore } from '../cache/tiered-store.ts'
import type { CachedEntry, Inventory } from './inventory.ts'
import type { RunTable } from './run-table.ts'

export interface PurgerPorts {
  readonly store: Pick<RecordStore, 'purge' | 'count' | 'cutOff'>
  readonly runs: RunTable
  readonly inventory: Pick<Inventory, 'entries'>
  readonly clock: Clock
  /** Resolves when all is known that lies in the tiers of this process. */
  readonly looked: () => Promise<void>
}

export class Purger {
  readonly #ports: PurgerPorts

  constructor(ports: PurgerPorts) {
    this.#ports = ports
  }

  /** All that one of the scopes covers. What the origin is asked once this has resolved is asked after the purge. */
  async purge(scopes: readonly Scope[], kind: Purge['kind']): Promise<Purged> {
    const purged = await this.#purge(scopes, kind)
    await this.#nextMoment()
    return purged
  }

  async #purge(scopes: readonly Scope[], kind: Purge['kind']): Promise<Purged> {
    const { store, runs } = this.#ports
    let sum = nothing
    for (const scope of scopes) {
      const purging = store.purge(scope, kind) // in force from here on
      runs.storeNothing((key, head) => covers(scope, key.id, head.tags))
      sum = added(sum, await purging)
    }
    if (kind === 'hard' || scopes.length === 1) return sum
    // What is still there was found by every scope that covers it.
    return { ...(await this.count(scopes)), notKept: sum.notKept }
  }

  /** What `purge` would find. */
  async count(scopes: readonly Scope[]): Promise<Purged> {
    if (areApart(scopes)) {
      let sum = nothing
      for (const scope of scopes) sum = added(sum, await this.#ports.store.count(scope))
      return sum
    }
    const isCovered = ({ id, tags }: CachedEntry) => scopes.some((scope) => covers(scope, id, tags))
    return this.where({ kind: 'all' }, isCovered, undefined)
  }

  /** The entries of the scope that match, each with its slices, queries and variants. `kind` undefined: they are only counted. */
  async where(
    scope: Scope,
    matches: (entry: CachedEntry) => boolean,
    kind: Purge['kind'] | undefined,
  ): Promise<Purged> {
    const unseen = new Set<TierName>()
    if (kind !== undefined) {
      await this.#ports.store.cutOff(scope)
      if (!(await this.#hasLooked())) unseen.add('disk')
    }
    const objects = new ObjectCount()
    let sum = nothing
    for await (const ids of this.#selected(scope, matches, (tier) => unseen.add(tier))) {
      const each = await Promise.all(ids.map((id) => this.#one(id, kind)))
      for (const [index, purged] of each.entries()) {
        if (purged.entries > 0) objects.add(ids[index] as RecordId)
        sum = added(sum, purged)
      }
    }
    if (kind !== undefined) await this.#nextMoment()
    return { ...sum, entries: objects.size, notKept: [...unseen.union(new Set(sum.notKept))] }
  }

  /** Entries that match, without queries and variants of those told of before: they go with them. */
  async *#selected(
    scope: Scope,
    matches: (entry: CachedEntry) => boolean,
    failed: (tier: TierName) => void,
  ): AsyncGenerator<readonly RecordId[]> {
    const { inventory, clock } = this.#ports
    const stints = new Stints(clock)
    const wholes = new Set<RecordId>()
    for await (const entries of inventory.entries(scope, failed)) {
      const ids: RecordId[] = []
      for (const entry of entries) {
        const whole = wholeOf(entry.id)
        if (!wholes.has(whole) && matches(entry)) ids.push(entry.id)
        if (ids.at(-1) === whole) wholes.add(whole)
        if (stints.isUp()) await stints.rest()
      }
      yield ids
      if (stints.isUp()) await stints.rest()
    }
  }

  /** What a crash left on the disk shows while the proxy serves. False: not in time. */
  #hasLooked(): Promise<boolean> {
    const { looked, clock } = this.#ports
    return new Promise((resolve) => {
      const callOff = clock.alarm(lookLimitMs, () => resolve(false))
      void looked().then(() => {
        callOff()
        resolve(true)
      })
    })
  }

  /** An exchange that begins in the same millisecond as a purge may have begun before it: nothing of it would be kept. */
  async #nextMoment(): Promise<void> {
    const { clock } = this.#ports
    const at = clock.now()
    for (let turns = 0; turns < maxTurns && clock.now() <= at; turns++) await turn()
  }

  #one(id: RecordId, kind: Purge['kind'] | undefined): Promise<Purged> {
    const scope: Scope = { kind: 'object', id }
    return kind === undefined ? this.#ports.store.count(scope) : this.#purge([scope], kind)
  }
}

/** Twice what a million records take. */
const lookLimitMs = 30_000

/** Some milliseconds, should the clock have been set back meanwhile. */
const maxTurns = 2000

/** No record is in two of them, for sure: so that the sum of what is in each is what is in all. */
function areApart(scopes: readonly Scope[]): boolean {
  const [kind, another] = new Set(scopes.map((scope) => scope.kind))
  if (another !== undefined || new Set(scopes.map(scopeKey)).size < scopes.length) return false
  return scopes.length < 2 || kind === 'bucket' || kind === 'object'
}

const nothing: Purged = { entries: 0, bytes: 0, tiers: new Map(), notKept: [] }

function added(sum: Purged, more: Purged): Purged {
  const tiers = new Map<TierName, Removed>(sum.tiers)
  for (const [tier, removed] of more.tiers) tiers.set(tier, together(tiers.get(tier), removed))
  return { ...together(sum, more), tiers, notKept: [...new Set([...sum.notKept, ...more.notKept])] }
}

function together(one: Removed | undefined, other: Removed): Removed {
  if (one === undefined) return other
  const isPending = one.isPending === true || other.isPending === true
  const sum = { entries: one.entries + other.entries, bytes: one.bytes + other.bytes }
  return isPending ? { ...sum, isPending } : sum
}
