/** When an expired answer may still be used: RFC 9111 §4.2.4 and the extensions of RFC 5861. */

import type { Directives } from './cache-control.ts'
import { grantedMs } from './cache-control.ts'
import type { CachePolicy } from './cache-policy.ts'

export interface StaleRules {
  readonly mayServeStale: boolean
  readonly staleWhileRevalidateMs: number
  readonly staleIfErrorMs: number
}

const never: StaleRules = { mayServeStale: false, staleWhileRevalidateMs: 0, staleIfErrorMs: 0 }

/**
 * RFC 9111 §4.2.4: "MUST NOT generate a stale response if it is prohibited by an explicit in-protocol directive", and not
 * unless "explicitly permitted by the client or origin server […] or configuration".
 */
export function staleRules(
  { status }: { readonly status: number },
  directives: Directives,
  policy: CachePolicy,
): StaleRules {
  // §5.2.2.2: "In all circumstances, a cache MUST NOT ignore the must-revalidate directive".
  if (directives.has('must-revalidate') || directives.has('proxy-revalidate')) return never
  // An absence is believed for its own short lifetime only: an object that exists by now must not stay hidden.
  const configured = status === 404 ? { ...policy, staleWhileRevalidateMs: 0, staleIfErrorMs: 0 } : policy
  if (!policy.respectOrigin) return { ...windowsOf(configured), mayServeStale: true }
  if (directives.has('no-cache')) return never
  // §5.2.2.10: s-maxage "incorporates the semantics of the proxy-revalidate response directive", so no configuration
  // lengthens its life; a window the same response grants is a modifier of it (§5.2.3) and counts.
  const isShared = directives.has('s-maxage')
  const otherwise = isShared ? never : windowsOf(configured)
  return {
    mayServeStale: !isShared,
    staleWhileRevalidateMs: grantedMs(directives, 'stale-while-revalidate') ?? otherwise.staleWhileRevalidateMs,
    staleIfErrorMs: grantedMs(directives, 'stale-if-error') ?? otherwise.staleIfErrorMs,
  }
}

type Windows = Omit<StaleRules, 'mayServeStale'>

function windowsOf({ staleWhileRevalidateMs, staleIfErrorMs }: Windows): Windows {
  return { staleWhileRevalidateMs, staleIfErrorMs }
}
