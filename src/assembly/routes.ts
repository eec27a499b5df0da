/** What each bucket of the config comes to: its origin, who may come in, and the route that leads to it. */

import { secretNames } from '../access/token-sources.ts'
import type { PurgeLog } from '../cache/purge-log.ts'
import type { BucketConfig } from '../config/config.ts'
import { Lifetimes } from '../objects/lifetimes.ts'
import { withHedge } from '../origin/hedging.ts'
import type { Origin, OriginEvents } from '../origin/origin.ts'
import { createReplicatedOrigin } from '../origin/replicated-origin.ts'
import { RetryBudget } from '../origin/retry-budget.ts'
import { createS3Origin } from '../origin/s3-origin.ts'
import type { Admission } from '../pipeline/admission.ts'
import { forwardable } from '../pipeline/forwarding.ts'
import { preflightFields } from '../pipeline/pass-preflight.ts'
import type { Route } from '../pipeline/route.ts'
import type { DownstreamRule } from '../policy/downstream.ts'
import type { Foundation } from './foundation.ts'

/** In ten seconds, a tenth of the requests and ten more. */
const retryBudget = { share: 0.1, reserve: 10 }

export function createOrigin({ name, s3 }: BucketConfig, foundation: Foundation): Origin {
  const { clock, random, originEvents, health, seat } = foundation
  const events: OriginEvents = {
    ...originEvents,
    breakerChanged: (bucket, replica, state) => health.changed(origin, bucket, replica, state),
  }
  const replicas = s3.replicas.map(({ name: replica, endpoint, ...settings }) => {
    const connections = seat.shareOf(settings.connections)
    const options = { ...settings, connections, bucketName: name, replica, ...(endpoint !== undefined && { endpoint }) }
    return { name: replica, origin: createS3Origin(options, { clock, events }) }
  })
  const { retry, breaker, hedging } = s3
  const budget = new RetryBudget(retryBudget, clock)
  const replicated = createReplicatedOrigin({ bucketName: name, retry, breaker }, replicas, {
    clock,
    random,
    events,
    budget,
  })
  const origin = hedging === undefined ? replicated : withHedge(replicated, hedging, { clock, events })
  return origin
}

export function createRoute(bucket: BucketConfig, origin: Origin, admission: Admission, purges: PurgeLog): Route {
  const { headers, cors } = bucket
  const forward = cors === 'passthrough' ? [...headers.forward, ...preflightFields] : headers.forward
  const tokenNames = bucket.access.jwt && secretNames(bucket.access.jwt.sources)
  return {
    name: bucket.name,
    pathPrefix: bucket.pathPrefix,
    hosts: bucket.hosts,
    admission,
    site: { origin, policy: bucket.policy, lifetimes: new Lifetimes(bucket.policy, purges) },
    asksAgain: bucket.s3.retry.maxAttempts > 1 || bucket.s3.replicas.length > 1,
    query: bucket.query,
    cors,
    headers: { ...headers, forward: forwardable(forward, tokenNames?.headers) },
    tokenNames,
    downstream: downstreamRule(bucket),
    prepared: new WeakMap(),
  }
}

/** What a protected bucket serves is for the bearer of the token, unless the config says otherwise in so many words. */
function downstreamRule({ downstreamCacheControl: by, access }: BucketConfig): DownstreamRule {
  if (by !== undefined) return { kind: 'replaced', by }
  return { kind: access.jwt === undefined ? 'as-is' : 'private' }
}
