/** What would become of a request, and why: the real stages, with nothing charged, fetched or sent. */

import { allowOperator } from '../access/authorizer.ts'
import type { Clock } from '../base/clock.ts'
import { ProxyError } from '../base/errors.ts'
import { createTrace } from '../base/trace.ts'
import type { ProxyRequest } from '../http/messages.ts'
import { addressBlock } from '../limits/address-block.ts'
import type { Limit } from '../limits/rate-limiter.ts'
import { type ForeseePorts, type Foresight, foresee } from '../objects/foresee.ts'
import { ageSeconds } from '../policy/freshness.ts'
import { decodePath, type RouteTable } from '../routing/routes.ts'
import { authenticate } from './admission.ts'
import { PlannedRequest } from './plan.ts'
import type { Route, Routed } from './route.ts'

export interface ExplainPorts extends ForeseePorts {
  readonly routes: RouteTable<Route>
  /** Whether the path belongs to the proxy itself. */
  isOwn(path: string): boolean
  readonly clock: Clock
}

/** As it is told: names as in the config, in the order of the stages. */
export interface Explanation {
  readonly route: { readonly bucket: string; readonly path_prefix: string; readonly protected: boolean } | null
  readonly address?: { readonly client: string; readonly admitted: boolean }
  readonly limits?: readonly object[]
  readonly auth?: { readonly outcome: string; readonly subject: string | null; readonly failing_claim: string | null }
  readonly key?: object
  readonly tiers?: object
  readonly freshness?: object | null
  /** What would be done with the object: a word of `Outcome`, or `refuse` before it comes to that. */
  readonly plan: string
  /** The status the client would get, as far as it is known without the origin. */
  readonly status: number | null
  readonly reason: string
}

export function createExplain(ports: ExplainPorts) {
  return async function explain(request: ProxyRequest): Promise<Explanation> {
    try {
      if (ports.isOwn(request.path)) return nowhere(null, 'the path belongs to the proxy itself')
      const match = ports.routes.match(request.host, decodePath(request.path))
      if (match === undefined) return nowhere(404, 'no bucket is served at this path')
      return await explainRouted({ request, ...match }, ports)
    } catch (error) {
      return nowhere(known(error).status, known(error).message) // translated: a path or query that cannot be
    }
  }
}

function nowhere(status: number | null, reason: string): Explanation {
  return { route: null, plan: 'refuse', status, reason }
}

async function explainRouted(routed: Routed, ports: ExplainPorts): Promise<Explanation> {
  const { request, route, key } = routed
  const { admits, limits: all } = route.admission
  const admitted = admits?.(request.clientAddress) ?? true
  const { auth, refusal } = await explainAuth(routed)
  const early = all?.early ?? []
  const perUser = auth.outcome === 'verified' ? (all?.perUser ?? []) : []
  const limits = [
    ...(await Promise.all(early.map((limit) => standing(routed, limit, addressOf(limit, request))))),
    ...(await Promise.all(perUser.map((limit) => standing(routed, limit, auth.subject ?? '')))),
  ]
  const planned = new PlannedRequest(routed, allowOperator(), createTrace(), { clock: ports.clock, headTimeoutMs: 0 })
  const foresight = await foresee(planned, ports)
  const first = firstRefusal(admitted, limits, refusal, key)
  return {
    route: {
      bucket: route.name,
      path_prefix: route.pathPrefix,
      protected: route.admission.authenticator !== undefined,
    },
    address: { client: request.clientAddress, admitted },
    limits,
    auth,
    key: keyOf(foresight),
    tiers: tiersOf(foresight),
    freshness: freshnessOf(foresight, ports.clock),
    ...(first ?? { plan: foresight.outcome, status: statusOf(foresight), reason: foresight.reason }),
  }
}

type Refused = Pick<Explanation, 'plan' | 'status' | 'reason'>

function firstRefusal(
  admitted: boolean,
  limits: readonly { readonly scope: string; readonly remaining: number }[],
  refusal: ProxyError | undefined,
  key: string,
): Refused | undefined {
  const refuse = (status: number, reason: string): Refused => ({ plan: 'refuse', status, reason })
  if (!admitted) return refuse(403, 'the lists of the bucket keep this address out')
  const used = limits.find(({ remaining }) => remaining === 0)
  if (used !== undefined && !used.scope.endsWith('per_user')) return refuse(429, `the ${used.scope} limit is used up`)
  if (refusal !== undefined) return refuse(refusal.status, refusal.message)
  if (used !== undefined) return refuse(429, `the ${used.scope} limit is used up`)
  return key === '' ? refuse(404, 'the path names no object key') : undefined
}

async function explainAuth(routed: Routed): Promise<{
  readonly auth: NonNullable<Explanation['auth']>
  readonly refusal: ProxyError | undefined
}> {
  const { authenticator, authorizer } = routed.route.admission
  if (authenticator === undefined) return { auth: outcome('public'), refusal: undefined }
  const trace = createTrace()
  try {
    const caller = await authenticate(routed, trace)
    const failing = authorizer.failing(caller)
    const subject = trace.subject ?? null
    if (failing === undefined) return { auth: { ...outcome('verified'), subject }, refusal: undefined }
    const claim = `${failing.claim} ${failing.operator}`
    const refusal = new ProxyError('ClaimDenied', `the token does not satisfy the rule on its claim ${claim}`)
    return { auth: { outcome: 'denied', subject, failing_claim: claim }, refusal }
  } catch (error) {
    return { auth: outcome(trace.auth ?? 'failed'), refusal: known(error) } // translated: it is what is asked for
  }
}

function outcome(word: string): NonNullable<Explanation['auth']> {
  return { outcome: word, subject: null, failing_claim: null }
}

function addressOf({ scope }: Limit, { clientAddress }: ProxyRequest): string {
  return scope === 'per_ip' || scope === 'bucket_per_ip' ? addressBlock(clientAddress) : ''
}

async function standing({ route }: Routed, limit: Limit, who: string) {
  const standing = await route.admission.limits?.limiter.look({ limit, who })
  return {
    scope: limit.scope,
    limit: standing?.limit ?? 0,
    remaining: standing?.remaining ?? 0,
    reset_seconds: standing?.resetSeconds ?? 0,
  }
}

function keyOf({ key, varyNames }: Foresight): object {
  const { id, bucket, object, query, variant } = key
  return { id, bucket, object, query: query || null, variant: variant || null, varies_by: varyNames }
}

function tiersOf({ found }: Foresight): object {
  return { present: found?.tiers ?? [], hits: found?.hits ?? null, bytes: found?.bytes ?? 0 }
}

function freshnessOf({ judged }: Foresight, clock: Clock): object | null {
  if (judged === undefined) return null
  const { head, lifetime, freshness } = judged
  return {
    stored: new Date(head.storedAt).toISOString(),
    status: head.status,
    size: head.size,
    lifetime_seconds: seconds(lifetime.freshForMs),
    age_seconds: ageSeconds(lifetime, clock.now()),
    ttl_seconds: seconds(freshness.ttlMs),
    always_revalidate: lifetime.alwaysRevalidate,
    stale_while_revalidate_seconds: seconds(lifetime.staleWhileRevalidateMs),
    stale_if_error_seconds: seconds(lifetime.staleIfErrorMs),
  }
}

/** Null: without end. */
function seconds(ms: number): number | null {
  return Number.isFinite(ms) ? Math.floor(ms / 1000) : null
}

function statusOf({ outcome, judged }: Foresight): number | null {
  if (outcome === 'refuse') return 504
  return outcome === 'hit' || outcome === 'stale' ? (judged?.head.status ?? null) : null
}

function known(error: unknown): ProxyError {
  if (error instanceof ProxyError) return error
  throw error
}
