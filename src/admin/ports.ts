/** What the administration is the outside of. */

import type { Authenticator } from '../access/authenticator.ts'
import type { ClaimCheck } from '../access/authorizer.ts'
import type { ClaimRule } from '../access/claim-rules.ts'
import type { Clock } from '../base/clock.ts'
import type { HeaderList, TierName } from '../base/types.ts'
import type { LimitScope, Standing } from '../limits/rate-limiter.ts'
import type { Inventory } from '../objects/inventory.ts'
import type { Purger } from '../objects/purger.ts'
import type { WarmJobs } from '../warming/warm-jobs.ts'

export interface AdminPorts {
  readonly clock: Clock
  readonly access: AdminAccess
  /** A bucket of this name is in the config. */
  hasBucket(name: string): boolean
  readonly purger: Pick<Purger, 'purge' | 'count' | 'where'>
  readonly inventory: Pick<Inventory, 'page'>
  /** Of everything, or of one bucket alone. */
  stats(bucket?: string): CacheStats
  readonly explainer: Explainer
  readonly warming: Pick<WarmJobs, 'start' | 'get' | 'cancel'>
  readonly limits: LimitDesk
  /** The effective config as JSON, without secrets. */
  config(): unknown
  /** How everything is, as JSON. */
  status(): Promise<unknown>
  /** The config file is read again. Never rejects. */
  reload(): Promise<ReloadReply>
}

export type ReloadReply =
  | { readonly kind: 'reloaded'; readonly generation: number; readonly restartRequired: readonly string[] }
  /** Nothing has changed. Each as `check` words it. */
  | { readonly kind: 'refused'; readonly problems: readonly string[] }

export interface AdminAccess {
  readonly everything: readonly Gate[]
  /** By name: who may administer that bucket alone. */
  readonly buckets: ReadonlyMap<string, readonly Gate[]>
}

/** Keys and claims that are judged together. */
export interface Gate {
  readonly authenticator: Authenticator
  /** Without any, the gate opens for nobody. */
  readonly rules: readonly ClaimRule[]
  /** Made of `rules`. */
  readonly check: ClaimCheck
}

export interface CacheCounts {
  readonly hits: number
  readonly misses: number
  readonly evictions: number
  readonly bytes: number
  readonly items: number
  /** 0: there is none. */
  readonly maxBytes: number
  readonly isEstimate?: true | undefined
}

/** What the cache has spared the origin, and what the origin has cost. */
export interface SavedCounts {
  readonly requestsAvoided: number
  readonly bytesAvoided: number
  readonly dollarsSaved: number
  readonly dollarsSpent: number
}

export interface CacheStats {
  /** One hit or miss for each request. */
  readonly total: CacheCounts & SavedCounts
  /** One for each record. */
  readonly tiers: ReadonlyMap<TierName, CacheCounts>
  readonly buckets: ReadonlyMap<string, CacheCounts & SavedCounts>
}

/** The request that somebody wonders about. */
export interface ExplainedRequest {
  readonly method: string
  readonly host: string
  /** As it would arrive: percent-encoded, one character a byte. */
  readonly path: string
  readonly query: string
  readonly headers: HeaderList
  readonly address: string
}

export interface Explainer {
  /** Undefined: no bucket is served there. Throws `InvalidPath`. */
  bucketAt(host: string, path: string): string | undefined
  /** As JSON, without secrets. */
  explain(request: ExplainedRequest): Promise<unknown>
}

export interface LimitDesk {
  /** `bucket`: empty for limits of the proxy. Undefined: there is no such limit. */
  look(scope: LimitScope, bucket: string, who: string): Promise<Standing | undefined>
  reset(scope: LimitScope, bucket: string, who: string): Promise<void>
}
