/** What opening an object would come to, without asking the origin. */

import type { Clock } from '../base/clock.ts'
import type { CacheKey } from '../cache/cache-key.ts'
import type { ObjectHead } from '../cache/record.ts'
import type { Peeked } from '../cache/survey.ts'
import type { RecordStore } from '../cache/tiered-store.ts'
import { type Freshness, judgeFreshness, type Lifetime } from '../policy/freshness.ts'
import { answers, follow } from './look-up.ts'
import type { UncacheableMemory } from './uncacheable-memory.ts'
import type { Wanted } from './wanted.ts'

export interface ForeseePorts {
  readonly store: Pick<RecordStore, 'get' | 'has' | 'peek'>
  readonly uncacheable: UncacheableMemory
  readonly clock: Clock
}

export type Outcome =
  | 'hit'
  /** Served as it is, and confirmed behind it. */
  | 'stale'
  /** The origin is asked whether it still holds. */
  | 'revalidate'
  | 'fetch'
  /** Past the cache. */
  | 'bypass'
  /** `only-if-cached`, and there is nothing. */
  | 'refuse'

export interface Foresight {
  readonly outcome: Outcome
  readonly reason: string
  /** What was looked up last: the variant's key when a marker led there. */
  readonly key: CacheKey
  /** Request fields that tell variants of the object apart. */
  readonly varyNames: readonly string[]
  readonly found: Peeked | undefined
  readonly judged: { readonly head: ObjectHead; readonly lifetime: Lifetime; readonly freshness: Freshness } | undefined
}

/** Counts as a use of what it finds. */
export async function foresee(wanted: Wanted, { store, uncacheable, clock }: ForeseePorts): Promise<Foresight> {
  const first = await store.get(wanted.key.id)
  const found = await follow(first, wanted, store, 'get')
  const { key, varyNames, stored } = found
  const seen = { key, varyNames, found: await store.peek(key.id) }
  if (stored === undefined) {
    const isForeign = first?.record.kind === 'object'
    const none = isForeign ? 'what is stored is of another origin' : absent(varyNames, uncacheable.why(wanted.key))
    return { ...seen, judged: undefined, ...unlessCached(wanted, none) }
  }
  const lifetime = wanted.site.lifetimes.of(key.id, stored.head)
  const freshness = judgeFreshness(lifetime, wanted.directives, clock.now())
  const judged = { head: stored.head, lifetime, freshness }
  if (!wanted.mayStore) return { ...seen, judged, ...bypass(wanted) }
  if (!answers(stored, wanted.method)) {
    return { ...seen, judged, ...unlessCached(wanted, 'only the head is stored, from a HEAD request') }
  }
  if (freshness.kind === 'fresh') {
    const hasBytes = stored.body !== undefined || (await hasFirstBytes(key, stored.head, wanted, store))
    return { ...seen, judged, ...(hasBytes ? hit : headAlone) }
  }
  if (freshness.whileRevalidating) {
    return { ...seen, judged, outcome: 'stale', reason: 'expired, and within stale-while-revalidate' }
  }
  if (wanted.directives.onlyIfCached) return { ...seen, judged, ...refused }
  return { ...seen, judged, outcome: 'revalidate', reason: whyStale(lifetime, freshness.ttlMs) }
}

const hit = { outcome: 'hit', reason: 'stored, and fresh' } as const
const headAlone = { outcome: 'fetch', reason: 'the head is stored, and fresh, but not the bytes asked for' } as const
const refused = { outcome: 'refuse', reason: 'only-if-cached, and nothing that is stored may be used' } as const

/** Of an object in slices, the one with the first byte that the client is sent. */
async function hasFirstBytes(
  key: CacheKey,
  { size, sliceBytes, absence }: ObjectHead,
  { method, range = { start: 0 } }: Wanted,
  store: Pick<RecordStore, 'has'>,
): Promise<boolean> {
  if (method === 'HEAD' || absence !== undefined) return true
  const start = 'suffix' in range ? Math.max(0, size - range.suffix) : range.start
  return start >= size || store.has(key.sliceId(Math.floor(start / sliceBytes)))
}

function unlessCached(wanted: Wanted, reason: string): Pick<Foresight, 'outcome' | 'reason'> {
  if (!wanted.mayStore) return bypass(wanted)
  return wanted.directives.onlyIfCached ? refused : { outcome: 'fetch', reason }
}

function bypass({ site }: Wanted): Pick<Foresight, 'outcome' | 'reason'> {
  const reason = site.policy.enabled ? 'the request says no-store' : 'the bucket does not cache'
  return { outcome: 'bypass', reason }
}

function absent(varyNames: readonly string[], why: string | undefined): string {
  if (why !== undefined) return `not stored: its last answer was not to be kept (${why})`
  return varyNames.length === 0 ? 'not stored' : 'this variant is not stored'
}

function whyStale({ alwaysRevalidate }: Lifetime, ttlMs: number): string {
  if (alwaysRevalidate) return 'stored, and to be confirmed at every use'
  return ttlMs > 0 ? 'stored, and not fresh enough for this request' : 'stored, and expired'
}
