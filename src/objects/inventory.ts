/** What is in the cache, as those see it who administer it: one entry for each object, query and variant. */

import { fieldValue } from '../base/header-list.ts'
import type { EpochMs, RecordId, TierName } from '../base/types.ts'
import { CacheKey, objectOf, wholeOf } from '../cache/cache-key.ts'
import type { Scope } from '../cache/scope.ts'
import type { Peeked } from '../cache/survey.ts'
import type { RecordStore } from '../cache/tiered-store.ts'
import { isMadeUp } from '../policy/validators.ts'
import type { Site } from './wanted.ts'

export interface CachedEntry {
  readonly id: RecordId
  readonly key: CacheKey
  /** 404: an absence that is remembered. */
  readonly status: number
  readonly size: number
  /** As the origin sent it. */
  readonly etag: string | undefined
  readonly contentType: string | undefined
  readonly tags: readonly string[]
  readonly storedAt: EpochMs
  /** When it stops being fresh. Undefined: never, or its bucket is not in the config any more. */
  readonly expiresAt: EpochMs | undefined
  readonly tiers: readonly TierName[]
  /** Undefined: only tiers have it that do not count. */
  readonly hits: number | undefined
}

export interface EntryPage {
  readonly entries: readonly CachedEntry[]
  /** The id of the last entry, when there are more. */
  readonly next: RecordId | undefined
}

/** Heads looked at together. */
const atOnce = 64

export class Inventory {
  readonly #store: Pick<RecordStore, 'each' | 'peek'>
  readonly #sites: ReadonlyMap<string, Site>

  constructor(store: Pick<RecordStore, 'each' | 'peek'>, sites: ReadonlyMap<string, Site>) {
    this.#store = store
    this.#sites = sites
  }

  /** The entries after `after`, by their ids: what stays in the cache is on one page exactly, whatever comes and goes meanwhile. */
  async page(scope: Scope, limit: number, after?: RecordId): Promise<EntryPage> {
    const least = new LeastIds(limit + 1, after)
    await this.#store.each(scope, (_tier, { id }) => least.add(objectOf(id)))
    const ids = least.ids.slice(0, limit)
    const next = least.ids.length > limit ? ids.at(-1) : undefined
    return { entries: await this.#entriesOf(ids), next }
  }

  /**
   * Every entry of the scope, a few at a time, those without query and variant first. Those that come or go meanwhile may be
   * among them. `failed` is told of tiers that may have more.
   */
  async *entries(scope: Scope, failed: (tier: TierName) => void): AsyncGenerator<readonly CachedEntry[]> {
    const [wholes, others] = [new Set<RecordId>(), new Set<RecordId>()]
    const incomplete = await this.#store.each(scope, (_tier, listed) => {
      const id = objectOf(listed.id)
      if (wholeOf(id) === id) wholes.add(id)
      else others.add(id)
    })
    for (const tier of incomplete) failed(tier)
    let some: RecordId[] = []
    for (const ids of [wholes, others]) {
      for (const id of ids) {
        some.push(id)
        if (some.length < atOnce) continue
        yield this.#entriesOf(some, failed)
        some = []
      }
    }
    yield this.#entriesOf(some, failed)
  }

  async #entriesOf(ids: readonly RecordId[], failed?: (tier: TierName) => void): Promise<readonly CachedEntry[]> {
    const found: CachedEntry[] = []
    for (let from = 0; from < ids.length; from += atOnce) {
      const some = ids.slice(from, from + atOnce)
      const peeked = await Promise.all(some.map((id) => this.#store.peek(id, failed)))
      for (const [index, id] of some.entries()) {
        const entry = this.#entryOf(id, peeked[index])
        if (entry !== undefined) found.push(entry)
      }
    }
    return found
  }

  /** Undefined for what is no object: the marker of variants, slices whose head is gone. */
  #entryOf(id: RecordId, peeked: Peeked | undefined): CachedEntry | undefined {
    const key = CacheKey.parse(id)
    if (peeked === undefined || key === undefined) return undefined
    const { head, tiers, hits } = peeked
    const { status, size, headers, tags = [], storedAt } = head
    return {
      id,
      key,
      status,
      size,
      etag: isMadeUp(head.etag) ? undefined : head.etag,
      contentType: fieldValue(headers, 'content-type'),
      tags,
      storedAt,
      expiresAt: this.#expiryOf(id, peeked),
      tiers,
      hits,
    }
  }

  #expiryOf(id: RecordId, { head }: Peeked): EpochMs | undefined {
    const lifetime = this.#sites.get(id.slice(0, id.indexOf(':')))?.lifetimes.of(id, head)
    if (lifetime === undefined || !Number.isFinite(lifetime.freshForMs)) return undefined
    return (lifetime.receivedAt + lifetime.freshForMs - lifetime.initialAgeMs) as EpochMs
  }
}

/** The first so many ids after one of them, of any number that come in any order, and more than once. */
class LeastIds {
  readonly #most: number
  readonly #after: RecordId | undefined
  readonly #ids: RecordId[] = []

  constructor(most: number, after: RecordId | undefined) {
    this.#most = most
    this.#after = after
  }

  get ids(): readonly RecordId[] {
    return this.#ids
  }

  add(id: RecordId): void {
    const last = this.#ids.length < this.#most ? undefined : this.#ids.at(-1)
    if ((last !== undefined && id >= last) || (this.#after !== undefined && id <= this.#after)) return
    const place = this.#placeOf(id)
    if (this.#ids[place] === id) return
    this.#ids.splice(place, 0, id)
    if (this.#ids.length > this.#most) this.#ids.pop()
  }

  #placeOf(id: RecordId): number {
    let [low, high] = [0, this.#ids.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#ids[middle] as RecordId) < id) low = middle + 1
      else high = middle
    }
    return low
  }
}
