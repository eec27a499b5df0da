/** What each bucket of the config comes to: its origin, who may come in, and the route that leads to it. */

import { secretNames } from '../access/token-sources.ts'
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { PurgeLog } from '../cache/purge-log.ts'
import type { BucketConfig } from '../config/config.ts'
import { Lifetimes } from '../objects/lifetimes.ts'
import type { Origin, OriginEvents } from '../origin/origin.ts'
import { withRetry } from '../origin/origin-guards.ts'
import { createS3Origin } from '../origin/s3-origin.ts'
import type { Admission } from '../pipeline/admission.ts'
import { forwardable } from '../pipeline/forwarding.ts'
import { preflightFields } from '../pipeline/pass-preflight.ts'
import type { Route } from '../pipeline/route.ts'
import type { DownstreamRule } from '../policy/downstream.ts'

export interface OriginPorts {
  readonly clock: Clock
  readonly random: Random
}

export function createOrigin({ name, s3 }: BucketConfig, events: OriginEvents, { clock, random }: OriginPorts): Origin {
  const { endpoint, ...settings } = s3
  const options = { ...settings, bucketName: name, ...(endpoint !== undefined && { endpoint }) }
  return withRetry(createS3Origin(options, { clock, random, events }), s3.retry, { clock, random, events })
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
    asksAgain: bucket.s3.retry.maxAttempts > 1,
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
