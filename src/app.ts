/** Composition root: the only file that constructs things from Config. Leaf to root; closing runs the other way. */

import { randomBytes } from 'node:crypto'
import type { Clock } from './base/clock.ts'
import type { Random } from './base/random.ts'
import { type EpochMs, type RecordId, unreachable } from './base/types.ts'
import { bucketOf } from './cache/cache-key.ts'
import { openDiskTier } from './cache/disk-tier.ts'
import { createMemoryTier } from './cache/memory-tier.ts'
import type { CacheRecord } from './cache/record.ts'
import { createRedisTier } from './cache/redis-tier.ts'
import type { CacheTier, StoreEvents, TierGuard } from './cache/tier.ts'
import { guarded } from './cache/tier-guards.ts'
import { createTieredStore } from './cache/tiered-store.ts'
import type { BucketConfig, Config, LayerConfig } from './config/config.ts'
import { createListener } from './http/server.ts'
import { FlightTable } from './objects/flight.ts'
import { ObjectOpener } from './objects/open-object.ts'
import { RunTable } from './objects/run-table.ts'
import { UncacheableMemory } from './objects/uncacheable-memory.ts'
import type { LogOutput } from './observe/logger.ts'
import { createMetrics, readAtScrape } from './observe/metrics.ts'
import { accessLog, measure, type RequestObserver } from './observe/observe-request.ts'
import { originEvents, redisEvents, tierEvents, watchUsage } from './observe/record-events.ts'
import type { Origin, OriginEvents } from './origin/origin.ts'
import { withRetry } from './origin/origin-guards.ts'
import { createS3Origin } from './origin/s3-origin.ts'
import { forwardable } from './pipeline/forwarding.ts'
import { createHandler } from './pipeline/handler.ts'
import { createMetricsHandler } from './pipeline/metrics-endpoint.ts'
import { preflightFields } from './pipeline/pass-preflight.ts'
import type { Route } from './pipeline/route.ts'
import { createServe } from './pipeline/serve.ts'
import { createSystemEndpoints } from './pipeline/system-endpoints.ts'
import { usableUntil } from './policy/freshness.ts'
import { RouteTable } from './routing/routes.ts'

/** A disk that takes longer to read a record is slower than the origin. */
const diskLimitMs = 1000

export interface Ports {
  readonly clock: Clock
  readonly random: Random
  readonly log: LogOutput
  readonly version: string
  /** Put around each tier, inside its deadline and its breakers: faults, in tests. */
  readonly tierGuard?: TierGuard
}

/** Where each listener can be reached. */
export interface Addresses {
  readonly main: string
  readonly metrics?: string
}

export interface App {
  /** Resolves when every listener answers. */
  listen(): Promise<Addresses>
  /** Not ready any more, no new connections, requests in flight to their end within the limit, then everything is closed. */
  close(): Promise<void>
}

/** Rejects when a tier belongs to another process. What else is wrong with a tier makes it a miss until it is mended. */
export async function createApp(config: Config, ports: Ports): Promise<App> {
  const { clock, random, log, version } = ports
  const metrics = createMetrics({ version, node: process.version })
  const events = tierEvents(metrics, log.logger, clock)
  const store = createTieredStore(await openTiers(config, events, ports), events, clock)
  watchUsage(metrics, () => store.usage())

  const origins = new Map(
    config.buckets.map((bucket) => [bucket.name, createOrigin(bucket, originEvents(metrics), ports)]),
  )
  const runs = new RunTable({ store, clock })
  const uncacheable = new UncacheableMemory(clock)
  const opener = new ObjectOpener({ store, runs, clock, uncacheable, flights: new FlightTable() })

  const routes = new RouteTable(config.buckets.map((bucket) => createRoute(bucket, requireOrigin(origins, bucket))))
  const { requestTimeoutMs: headTimeoutMs } = config.server
  const serve = createServe({ opener, clock, headTimeoutMs, boundary: () => randomBytes(16).toString('hex') })

  let isReady = false
  const system = createSystemEndpoints({ isReady: () => isReady, version }, clock)
  const observers: readonly RequestObserver[] = [measure(metrics), accessLog(log, clock)]
  const listenerPorts = {
    clock,
    random,
    rejected: (reason: string) => {
      metrics.rejectedRequests.cell(reason).value++
    },
  }
  const main = createListener(
    { ...config.server, clientAddress: clientAddressOptions(config) },
    {
      ...listenerPorts,
      handle: createHandler({ routes, serve, system }),
      done: (...seen) => {
        for (const observe of observers) observe(...seen)
      },
    },
  )
  const side =
    config.metrics === undefined
      ? undefined
      : createListener(
          { ...config.server, ...config.metrics, clientAddress: clientAddressOptions(config) },
          { ...listenerPorts, handle: createMetricsHandler(metrics.registry, system), done: () => {} },
        )
  readAtScrape(metrics.activeConnections, () => {
    metrics.activeConnections.cell().value = main.openConnections
  })
  readAtScrape(metrics.activeRequests, () => {
    metrics.activeRequests.cell().value = main.activeRequests
  })

  return {
    async listen() {
      const addresses = { main: (await main.listen()).url, ...(side && { metrics: (await side.listen()).url }) }
      isReady = true
      return addresses
    },
    async close() {
      isReady = false
      await main.drain(config.server.shutdownTimeoutMs)
      await runs.close()
      await Promise.all([...origins.values()].map((origin) => origin.close()))
      await store.close()
      await side?.drain(0)
    },
  }
}

/** In their order. */
async function openTiers(config: Config, events: StoreEvents, ports: Ports): Promise<readonly CacheTier[]> {
  const tiers: CacheTier[] = []
  try {
    for (const layer of config.layers) tiers.push(await openTier(layer, config.buckets, events, ports))
    return tiers
  } catch (error) {
    await Promise.all(tiers.map((tier) => tier.close())) // nobody will use them: they must not keep the process alive
    throw error
  }
}

async function openTier(
  layer: LayerConfig,
  buckets: readonly BucketConfig[],
  events: StoreEvents,
  { clock, random, log, tierGuard = (tier) => tier }: Ports,
): Promise<CacheTier> {
  switch (layer.kind) {
    case 'memory':
      return tierGuard(createMemoryTier(layer.options, events))
    case 'disk': {
      const tier = await openDiskTier({ ...layer.options, uselessAfter: usableUntilIn(buckets) }, { clock, events })
      return guarded(tierGuard(tier), diskLimitMs, false, { clock, events })
    }
    case 'redis': {
      const tier = createRedisTier(layer.options, { clock, random, events: redisEvents(log.logger) })
      return guarded(tierGuard(tier), layer.options.redis.operationTimeoutMs, true, { clock, events })
    }
    default:
      return unreachable(layer)
  }
}

/** What the disk tier need not keep over a restart. Slices have no times, and are kept. */
function usableUntilIn(buckets: readonly BucketConfig[]) {
  const policies = new Map(buckets.map(({ name, policy }) => [name, policy]))
  return (id: RecordId, record: CacheRecord): EpochMs | undefined => {
    const policy = policies.get(bucketOf(id))
    return policy === undefined || record.kind !== 'object' ? undefined : usableUntil(record.head, policy)
  }
}

function createOrigin({ name, s3 }: BucketConfig, events: OriginEvents, { clock, random }: Ports): Origin {
  const { endpoint, ...settings } = s3
  const options = { ...settings, bucketName: name, ...(endpoint !== undefined && { endpoint }) }
  return withRetry(createS3Origin(options, { clock, random, events }), s3.retry, { clock, random, events })
}

function requireOrigin(origins: ReadonlyMap<string, Origin>, { name }: BucketConfig): Origin {
  const origin = origins.get(name)
  if (origin === undefined) throw new Error(`no origin for bucket ${name}`)
  return origin
}

function createRoute(bucket: BucketConfig, origin: Origin): Route {
  const { headers, cors } = bucket
  const forward = cors === 'passthrough' ? [...headers.forward, ...preflightFields] : headers.forward
  return {
    name: bucket.name,
    pathPrefix: bucket.pathPrefix,
    hosts: bucket.hosts,
    site: { origin, policy: bucket.policy, lifetimes: new WeakMap() },
    asksAgain: bucket.s3.retry.maxAttempts > 1,
    query: bucket.query,
    cors,
    headers: { ...headers, forward: forwardable(forward) },
    downstreamCacheControl: bucket.downstreamCacheControl,
    prepared: new WeakMap(),
  }
}

function clientAddressOptions({ server }: Config) {
  return { trustedProxies: server.trustedProxies, source: server.clientAddressFrom }
}
