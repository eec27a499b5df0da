/** How long an answer may be used as it is (RFC 9111 §4.2), and whether it may be used now. */

import { fieldValue } from '../base/header-list.ts'
import { parseHttpDate } from '../base/http-date.ts'
import type { EpochMs } from '../base/types.ts'
import type { ObjectHead } from '../cache/record.ts'
import { deltaMs, grantedMs } from './cache-control.ts'
import type { CachePolicy } from './cache-policy.ts'
import { type Instructions, instructionsOf } from './instructions.ts'
import type { RequestDirectives } from './request-directives.ts'
import { staleRules } from './stale-rules.ts'
import { isHeuristicallyCacheable } from './statuses.ts'

/** Everything about an answer's freshness that does not depend on the moment or on who asks. */
export interface Lifetime {
  /** RFC 9111 §4.2.3, corrected_initial_age: how old the answer was when it arrived. */
  readonly initialAgeMs: number
  readonly receivedAt: EpochMs
  /** RFC 9111 §4.2.1, freshness_lifetime. Infinity: never expires. */
  readonly freshForMs: number
  /** It is as old as this at least, whatever the clock says by now. */
  readonly leastAgeMs?: number
  readonly alwaysRevalidate: boolean
  /** Nothing forbids using it stale: a client's max-stale counts. */
  readonly mayServeStale: boolean
  readonly staleWhileRevalidateMs: number
  readonly staleIfErrorMs: number
}

/** What of a head its lifetime depends on. */
export type Judged = Pick<ObjectHead, 'status' | 'headers' | 'requestedAt' | 'storedAt' | 'absence'>

export function lifetimeOf(head: Judged, policy: CachePolicy): Lifetime {
  const instructions = instructionsOf(head.headers)
  const initialAgeMs = initialAgeOf(head)
  const explicitMs = policy.respectOrigin ? explicitLifetimeMs(head, instructions) : undefined
  // An operator who has the origin's freshness ignored means time in this cache, whatever Age and Date say.
  const offsetMs = policy.respectOrigin ? 0 : initialAgeMs
  const { directives } = instructions
  return {
    initialAgeMs,
    receivedAt: head.storedAt,
    freshForMs: explicitMs ?? assignedLifetimeMs(head, instructions, policy) + offsetMs,
    alwaysRevalidate: policy.revalidate === 'always' || (policy.respectOrigin && directives.has('no-cache')),
    ...staleRules(head, directives, policy),
  }
}

/**
 * Stale from `at` on, as if the origin had given it no more than until then, and also when the clock is set back. What may be
 * done with it while stale is as before.
 */
export function cutShort(lifetime: Lifetime, at: EpochMs): Lifetime {
  const untilMs = Math.max(0, lifetime.initialAgeMs + at - lifetime.receivedAt)
  return { ...lifetime, freshForMs: Math.min(lifetime.freshForMs, untilMs), leastAgeMs: untilMs }
}

/** RFC 9111 §4.2.1: "evaluating the following rules and using the first match". Undefined: the origin says nothing. */
function explicitLifetimeMs(head: Judged, { directives, expires }: Instructions): number | undefined {
  const granted = grantedMs(directives, 's-maxage') ?? grantedMs(directives, 'max-age')
  if (granted !== undefined || expires === undefined) return granted
  // §5.3: "MUST interpret invalid date formats, especially the value "0", as representing a time in the past"
  const expiresAt = parseHttpDate(expires, head.storedAt)
  // "use its value minus the value of the Date response header field (using the time the message was received if it is
  // not present […])"
  return expiresAt === undefined ? 0 : Math.max(0, expiresAt - (dateOf(head) ?? head.storedAt))
}

/** A lifetime this cache gives to an answer without one (§4.2.2), by configuration or by heuristic. */
function assignedLifetimeMs(head: Judged, { directives }: Instructions, policy: CachePolicy): number {
  // "heuristics can only be used on responses without explicit freshness whose status codes are defined as heuristically
  // cacheable […] and on responses […] explicitly cacheable (e.g., with a public response directive)"
  if (!isHeuristicallyCacheable(head.status) && !directives.has('public')) return 0
  if (head.status === 404) return policy.negativeTtlMs
  if (policy.ttlMs === 'origin') return heuristicLifetimeMs(head)
  return policy.ttlMs === 0 ? Number.POSITIVE_INFINITY : policy.ttlMs
}

const maxHeuristicMs = 7 * 24 * 3600 * 1000

/** "no more than some fraction of the interval since that time. A typical setting of this fraction might be 10%." */
function heuristicLifetimeMs(head: Judged): number {
  const modifiedAt = parseHttpDate(fieldValue(head.headers, 'last-modified'), head.storedAt)
  if (modifiedAt === undefined) return 0
  const unchangedForMs = (dateOf(head) ?? head.storedAt) - modifiedAt
  return Math.min(maxHeuristicMs, Math.max(0, unchangedForMs / 10))
}

/** RFC 9111 §4.2.3: `corrected_initial_age = max(apparent_age, corrected_age_value)`. */
function initialAgeOf(head: Judged): number {
  // Date counts whole seconds; the fraction of the arrival time is not age.
  const arrivedAt = head.storedAt - (head.storedAt % 1000)
  const apparentAgeMs = arrivedAt - (dateOf(head) ?? arrivedAt)
  // §5.1: "SHOULD use the first member of the field value"; "If the field value […] is invalid […], a cache SHOULD ignore"
  const ageMs = deltaMs(fieldValue(head.headers, 'age')?.split(',')[0]?.trim()) ?? 0
  const responseDelayMs = Math.max(0, head.storedAt - head.requestedAt)
  return Math.max(apparentAgeMs, ageMs + responseDelayMs)
}

function dateOf(head: Judged): number | undefined {
  return parseHttpDate(fieldValue(head.headers, 'date'), head.storedAt)
}

/** `ttlMs`: what is left of the lifetime; negative once it is over. */
export type Freshness =
  /** May be used as it is. Its `ttlMs` is negative when a client's max-stale made it so. */
  | { readonly kind: 'fresh'; readonly ageMs: number; readonly ttlMs: number }
  /** To be confirmed first: expired, or not fresh enough for this client. */
  | {
      readonly kind: 'stale'
      readonly ageMs: number
      readonly ttlMs: number
      /** May be used at once, while it is being confirmed. */
      readonly whileRevalidating: boolean
      /** May be used when the origin fails to confirm it. */
      readonly onError: boolean
    }

export function judgeFreshness(lifetime: Lifetime, directives: RequestDirectives, now: EpochMs): Freshness {
  const ageMs = currentAgeMs(lifetime, now)
  const ttlMs = lifetime.freshForMs - ageMs
  const mayBeUsed = !lifetime.alwaysRevalidate && isWelcome(directives, ageMs, ttlMs)
  // "response_is_fresh = (freshness_lifetime > current_age)"
  if (mayBeUsed && (ttlMs > 0 || isWelcomeStale(lifetime, directives, ttlMs))) return { kind: 'fresh', ageMs, ttlMs }
  return {
    kind: 'stale',
    ageMs,
    ttlMs,
    // RFC 9111 §5.2.1.1, max-age: "Unless the max-stale request directive is also present, the client does not wish to
    // receive a stale response."
    whileRevalidating: mayBeUsed && directives.maxAgeMs === undefined && -ttlMs < lifetime.staleWhileRevalidateMs,
    onError: lifetime.staleIfErrorMs > 0 && -ttlMs < lifetime.staleIfErrorMs,
  }
}

/** When the last window closes in which the answer may be used without the origin. Undefined: it never expires. */
export function usableUntil(head: Judged, policy: CachePolicy): EpochMs | undefined {
  const lifetime = lifetimeOf(head, policy)
  const staleMs = Math.max(lifetime.staleWhileRevalidateMs, lifetime.staleIfErrorMs)
  const untilMs = lifetime.receivedAt + lifetime.freshForMs - lifetime.initialAgeMs + staleMs
  return Number.isFinite(untilMs) ? (untilMs as EpochMs) : undefined
}

/** RFC 9111 §5.2.1: no-cache, max-age ("less than or equal to") and min-fresh. */
function isWelcome({ noCache, maxAgeMs, minFreshMs }: RequestDirectives, ageMs: number, ttlMs: number): boolean {
  if (noCache) return false
  if (maxAgeMs !== undefined && ageMs > maxAgeMs) return false
  return minFreshMs === undefined || ttlMs >= minFreshMs
}

/** RFC 9111 §5.2.1.2: "exceeded its freshness lifetime by no more than the specified number of seconds" */
function isWelcomeStale(lifetime: Lifetime, { maxStaleMs }: RequestDirectives, ttlMs: number): boolean {
  return maxStaleMs !== undefined && lifetime.mayServeStale && -ttlMs <= maxStaleMs
}

/** RFC 9111 §4.2.3: `current_age = corrected_initial_age + resident_time`. A clock set back makes nothing younger. */
function currentAgeMs(lifetime: Lifetime, now: EpochMs): number {
  const { initialAgeMs, receivedAt, leastAgeMs = 0 } = lifetime
  return Math.max(leastAgeMs, initialAgeMs + Math.max(0, now - receivedAt))
}

/** For the Age field: RFC 9111 §5.1, "a non-negative integer, representing time in seconds". */
export function ageSeconds(lifetime: Lifetime, now: EpochMs): number {
  return Math.floor(currentAgeMs(lifetime, now) / 1000)
}
