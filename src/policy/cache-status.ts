/** This cache's member of the Cache-Status list: RFC 9211 §2. */

export interface CacheStatusFacts {
  /** §2.2: ""hit" and "fwd" are exclusive; only one of them should appear on each list member." */
  readonly hit?: boolean
  readonly fwd?: 'bypass' | 'method' | 'uri-miss' | 'vary-miss' | 'request' | 'stale' | 'partial'
  readonly fwdStatus?: number
  /** §2.4: "may be negative, to indicate staleness". Not shown when it is not finite. */
  readonly ttlSeconds?: number
  readonly stored?: boolean
  readonly collapsed?: boolean
  readonly detail?: string
}

const token = /^[A-Za-z*][!#$%&'*+.^_`|~:/\w-]*$/

/** "The first member represents the cache closest to the origin server": it goes behind those an origin sent. */
export function formatCacheStatus(facts: CacheStatusFacts): string {
  let member = 'yatagarasu'
  if (facts.hit === true) member += '; hit'
  else if (facts.fwd !== undefined) member += forwarded(facts, facts.fwd)
  if (facts.ttlSeconds !== undefined && Number.isFinite(facts.ttlSeconds))
    member += `; ttl=${Math.floor(facts.ttlSeconds)}`
  if (facts.detail !== undefined) member += `; detail=${tokenOrString(facts.detail)}`
  return member
}

/** fwd-status, stored and collapsed are "only meaningful when fwd is present" (§2.3, §2.5, §2.6). */
function forwarded({ fwdStatus, stored, collapsed }: CacheStatusFacts, fwd: string): string {
  let parameters = `; fwd=${fwd}`
  if (fwdStatus !== undefined) parameters += `; fwd-status=${fwdStatus}`
  if (stored === true) parameters += '; stored'
  if (collapsed === true) parameters += '; collapsed'
  return parameters
}

/** RFC 9651 §3.3.3 and §3.3.4. A String holds printable ASCII only. */
function tokenOrString(text: string): string {
  if (token.test(text)) return text
  return `"${text.replace(/[^ -~]/g, '?').replace(/["\\]/g, '\\$&')}"`
}
