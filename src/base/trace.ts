import type { ErrorCode } from './errors.ts'
import type { TierName } from './types.ts'

/** `name`: a closed set of words, such as `purge`. */
export interface AdminAction {
  readonly name: string
  readonly parameters: Readonly<Record<string, unknown>>
}

export type CacheStatus = 'hit' | 'miss' | 'stale' | 'revalidated' | 'bypass'

/**
 * What happened to one request: the only mutable per-request object. Stages write it, observers read it on the way out, no
 * stage reads it. Undefined: it did not come to that. All fields exist from the start, so that writing one costs nothing.
 */
export interface Trace {
  /** Of the configuration the request began under; 0: it never met one. */
  generation: number
  /** Name of the bucket in the config. */
  bucket: string | undefined
  key: string | undefined
  /** Undefined when the cache was not asked. */
  cache: CacheStatus | undefined
  tier: TierName | undefined
  /** This request waited for another one's origin request. */
  collapsed: boolean
  /** Who asks, as a verified token says. */
  subject: string | undefined
  /** What came of looking for a token; undefined where none is asked for. A closed set of words. */
  auth: string | undefined
  /** The rate limit that refused the request. A closed set of words. */
  limit: string | undefined
  /** What an administrator asked for, as the audit tells it. */
  action: AdminAction | undefined
  error: ErrorCode | undefined
  /** For the log: what the error table's public text leaves out. */
  errorDetail: unknown
}

export function createTrace(): Trace {
  return {
    generation: 0,
    bucket: undefined,
    key: undefined,
    cache: undefined,
    tier: undefined,
    collapsed: false,
    subject: undefined,
    auth: undefined,
    limit: undefined,
    action: undefined,
    error: undefined,
    errorDetail: undefined,
  }
}
