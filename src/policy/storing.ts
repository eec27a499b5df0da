/** Whether an answer is stored: RFC 9111 §3, and the bounds of this cache. */

import { fieldValue } from '../base/header-list.ts'
import { parseHttpDate } from '../base/http-date.ts'
import type { EpochMs, Etag, HeaderList } from '../base/types.ts'
import type { CachePolicy } from './cache-policy.ts'
import { lifetimeOf } from './freshness.ts'
import { type Instructions, instructionsOf } from './instructions.ts'
import { isHeuristicallyCacheable, isStorable, isUnderstood } from './statuses.ts'
import { isMadeUp, revalidationHeaders } from './validators.ts'
import { varyNames } from './vary.ts'

/** A final, complete answer to GET, or one to HEAD. */
export interface Answer {
  readonly status: number
  readonly headers: HeaderList
  /** Undefined: not known yet (chunked). */
  readonly size: number | undefined
  /** The strong validator, if there is one. */
  readonly etag: Etag | undefined
}

export type Refusal =
  | 'disabled'
  | 'status'
  | 'vary-any'
  | 'no-store'
  | 'private'
  | 'too-large'
  /** Larger than a slice, and nothing would tell the slices of two versions apart. */
  | 'no-strong-etag'
  /** Never fresh, never confirmable, never to be used stale: stored in vain. */
  | 'no-freshness'

export type Storing =
  | { readonly kind: 'store'; readonly varyNames: readonly string[] }
  /** `memorable`: likely to be refused again, so that the next readers need not queue behind one another. */
  | { readonly kind: 'refuse'; readonly reason: Refusal; readonly memorable: boolean }

export function judgeStoring(answer: Answer, policy: CachePolicy): Storing {
  if (!policy.enabled) return { kind: 'refuse', reason: 'disabled', memorable: false }
  const names = varyNames(answer.headers)
  if (names === '*') return refuse('vary-any', answer)
  const reason = refusalOf(answer, policy)
  return reason === undefined ? { kind: 'store', varyNames: names } : refuse(reason, answer)
}

/** A failing server says nothing about the object, and a crowd of readers would not help it. */
function refuse(reason: Refusal, { status }: Answer): Storing {
  return { kind: 'refuse', reason, memorable: status < 500 }
}

function refusalOf(answer: Answer, policy: CachePolicy): Refusal | undefined {
  if (!isStorable(answer.status)) return 'status'
  const instructions = instructionsOf(answer.headers)
  return refusalByOrigin(answer, instructions, policy) ?? refusalBySize(answer, policy) ?? refusalByUse(answer, policy)
}

function refusalByOrigin({ status }: Answer, instructions: Instructions, policy: CachePolicy): Refusal | undefined {
  const { directives, expires } = instructions
  // §5.2.2.3: "the cache SHOULD ignore the no-store directive if it understands and implements the status code's caching
  // requirements"; without understanding, must-understand alone forbids storing.
  if (directives.has('must-understand')) {
    if (!isUnderstood(status)) return 'status'
  } else if (directives.has('no-store')) return 'no-store'
  // §5.2.2.7: the form with field names "is often handled by caches as if an unqualified private directive was received".
  if (directives.has('private')) return 'private'
  // §3: "the response contains at least one of the following"
  if (isHeuristicallyCacheable(status) || directives.has('public')) return undefined
  const isExplicit = directives.has('s-maxage') || directives.has('max-age') || expires !== undefined
  return policy.respectOrigin && isExplicit ? undefined : 'status'
}

function refusalBySize({ size, etag }: Answer, policy: CachePolicy): Refusal | undefined {
  if (size === undefined) return undefined
  if (size > policy.maxObjectBytes) return 'too-large'
  const isStrong = etag !== undefined && !isMadeUp(etag)
  return isStrong || size <= policy.sliceBytes ? undefined : 'no-strong-etag'
}

/** Stands in for the time of arrival where Date is none: what expired before it has expired by now. */
const longAgo = Date.UTC(2026, 0, 1) as EpochMs

/** §3: "some caches will not store a response that has neither a cache validator nor an explicit expiration time". */
function refusalByUse({ status, headers }: Answer, policy: CachePolicy): Refusal | undefined {
  const { ifNoneMatch, ifModifiedSince } = revalidationHeaders({ headers, storedAt: longAgo })
  if (ifNoneMatch !== undefined || ifModifiedSince !== undefined) return undefined
  const arrivedAt = (parseHttpDate(fieldValue(headers, 'date'), longAgo) ?? longAgo) as EpochMs
  const lifetime = lifetimeOf({ status, headers, requestedAt: arrivedAt, storedAt: arrivedAt }, policy)
  if (lifetime.staleWhileRevalidateMs > 0 || lifetime.staleIfErrorMs > 0) return undefined
  const isEverFresh = !lifetime.alwaysRevalidate && lifetime.freshForMs > lifetime.initialAgeMs
  return isEverFresh ? undefined : 'no-freshness'
}
