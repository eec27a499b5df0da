/** One configuration at work: what its requests go through, from route to answer. */

import { randomBytes } from 'node:crypto'
import type { ReloadReply } from '../admin/ports.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { Webhooks } from '../audit/webhook.ts'
import type { BucketConfig, Config } from '../config/config.ts'
import type { Handler } from '../http/messages.ts'
import type { RequestObserver } from '../observe/request-observer.ts'
import { createS3Listing, type S3Listing } from '../origin/s3-listing.ts'
import { createAdminHandler } from '../pipeline/admin-endpoint.ts'
import { createHandler } from '../pipeline/handler.ts'
import type { Route } from '../pipeline/route.ts'
import { createServe } from '../pipeline/serve.ts'
import type { SystemEndpoints } from '../pipeline/system-endpoints.ts'
import { RouteTable } from '../routing/routes.ts'
import type { WarmJobs } from '../warming/warm-jobs.ts'
import { type Administer, createAdministration } from './admin.ts'
import { Admissions } from './admission.ts'
import { auditOf } from './audit.ts'
import type { Foundation } from './foundation.ts'
import type { Numbered } from './generations.ts'
import { requestLogOf } from './request-log.ts'
import { createOrigin, createRoute } from './routes.ts'
import type { Share } from './shared-parts.ts'
import { slowRequestsOf, timelinesOf } from './tracing.ts'

export interface Generation extends Numbered {
  readonly config: Config
  /** The effective config as JSON, without secrets. */
  readonly described: unknown
  readonly webhooks: Webhooks
  readonly log: RequestObserver
  /** Undefined: slow requests are logged like others. */
  readonly slow: RequestObserver | undefined
  /** Undefined: nothing is audited. */
  readonly audit: AuditLog | undefined
  /** Of the main listener. */
  readonly handle: Handler
  /** Of a listener for administrators alone. */
  readonly handleAdmin: Handler
  /** Throws when there is no such bucket, like `listingOf`. */
  routeOf(bucket: string): Route
  listingOf(bucket: string): S3Listing
}

/** What answers for the process itself. */
export interface Systems {
  /** To everybody. */
  readonly open: SystemEndpoints
  /** To those who may know how each part is. */
  readonly inside: SystemEndpoints
}

export interface GenerationPorts {
  readonly foundation: Foundation
  readonly systems: Systems
  readonly headTimeoutMs: number
  readonly desk: Desk | Counter
}

/** Administrators are answered on this thread. */
export interface Desk {
  /** On the main listener, or on one of its own. */
  readonly hasAdminListener: boolean
  /** Those of the process. */
  readonly warming: Pick<WarmJobs, 'start' | 'get' | 'cancel'>
  status(): Promise<unknown>
  reload(): Promise<ReloadReply>
}

/** Another thread answers them, and for the process itself. */
export interface Counter {
  /** Undefined: the request is a bucket's. */
  readonly forward: Administer
}

/** Throws when something of it cannot be made; then nothing of it is left. */
export function createGeneration(
  number: number,
  config: Config,
  described: unknown,
  ports: GenerationPorts,
): Generation {
  const { foundation, systems, headTimeoutMs, desk } = ports
  const { clock, purges, opener } = foundation
  const held: Share<unknown>[] = []
  const hold = <P>(share: Share<P>): P => {
    held.push(share)
    return share.part
  }
  const release = async () => {
    await Promise.all(held.splice(0).map((share) => share.release()))
  }
  try {
    const admissions = new Admissions(config, foundation, hold)
    const routes = new Map(
      config.buckets.map((bucket) => {
        const origin = hold(foundation.origins.take([bucket.name, bucket.s3], () => createOrigin(bucket, foundation)))
        return [bucket.name, createRoute(bucket, origin, admissions.of(bucket), purges)]
      }),
    )
    const listed = 'forward' in desk ? [] : config.buckets
    const listings = new Map(listed.map((bucket) => [bucket.name, hold(takeListing(bucket, foundation))]))
    const webhooks = hold(foundation.webhooks.take(config.webhooks, () => foundation.makeWebhooks(config.webhooks)))
    const administer = (at: Desk): Administer | undefined =>
      config.admin &&
      createAdministration(config, config.admin, {
        ...{ ...foundation, ...at, webhooks, admissions },
        routes: [...routes.values()],
        config: () => described,
      })
    const answering = 'forward' in desk ? desk.forward : administer(desk)
    const isApart = 'hasAdminListener' in desk && desk.hasAdminListener
    const serve = createServe({ opener, clock, headTimeoutMs, boundary: () => randomBytes(16).toString('hex') })
    const timelines = timelinesOf(config.observability, foundation, hold)
    const timed = (handle: Handler) => timelines?.around(handle) ?? handle
    return {
      ...{ number, config, described, webhooks, release },
      log: requestLogOf(config, foundation),
      slow: slowRequestsOf(config.observability, foundation),
      audit: auditOf(config, foundation.audit),
      handle: timed(
        createHandler({
          routes: new RouteTable([...routes.values()]),
          serve,
          system: systems.open,
          slots: foundation.slots,
          administer: isApart ? undefined : answering,
        }),
      ),
      handleAdmin: timed(createAdminHandler(answering ?? (() => undefined), systems.inside)),
      routeOf: (bucket) => required(routes, bucket),
      listingOf: (bucket) => required(listings, bucket),
    }
  } catch (error) {
    void release() // never rejects: nothing of it was used
    throw error
  }
}

function takeListing({ name, s3 }: BucketConfig, { listings, clock }: Foundation): Share<S3Listing> {
  const [best] = s3.replicas
  if (best === undefined) throw new Error(`bucket ${name} has no origin`)
  const { bucket, region, endpoint, credentials, forcePathStyle, timeoutMs } = best
  const options = {
    bucket,
    region,
    credentials,
    forcePathStyle,
    timeoutMs,
    ...(endpoint !== undefined && { endpoint }),
  }
  return listings.take([name, options], () => createS3Listing(options, { clock }))
}

function required<V>(of: ReadonlyMap<string, V>, bucket: string): V {
  const value = of.get(bucket)
  if (value === undefined) throw new Error(`bucket ${bucket} is not in the config any more`)
  return value
}

/** New requests meet it from now on: what outlives it goes by it. */
export function takeUp({ config, routeOf }: Pick<Generation, 'config' | 'routeOf'>, foundation: Foundation): void {
  foundation.use(config)
  for (const { name, s3 } of config.buckets) {
    const replicas = s3.replicas.map((replica) => replica.name)
    foundation.health.use(name, routeOf(name).site.origin, replicas)
  }
}
