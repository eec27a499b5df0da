/** Composition root: it and `assembly/` alone construct things from Config. Leaf to root; closing runs the other way. */

import { randomBytes } from 'node:crypto'
import { Admissions } from './assembly/admission.ts'
import { createOrigin, createRoute } from './assembly/routes.ts'
import { openTiers } from './assembly/tiers.ts'
import type { Clock } from './base/clock.ts'
import type { Random } from './base/random.ts'
import type { TierGuard } from './cache/tier.ts'
import { createTieredStore } from './cache/tiered-store.ts'
import type { BucketConfig, Config } from './config/config.ts'
import type { TlsCertificate } from './http/certificates.ts'
import { createListener } from './http/server.ts'
import { FlightTable } from './objects/flight.ts'
import { ObjectOpener } from './objects/open-object.ts'
import { RunTable } from './objects/run-table.ts'
import { UncacheableMemory } from './objects/uncacheable-memory.ts'
import type { LogOutput } from './observe/logger.ts'
import { createMetrics, readAtScrape } from './observe/metrics.ts'
import { accessLog, measure, type RequestObserver } from './observe/observe-request.ts'
import { originEvents, tierEvents, watchUsage } from './observe/record-events.ts'
import type { Origin } from './origin/origin.ts'
import { createHandler } from './pipeline/handler.ts'
import { createMetricsHandler } from './pipeline/metrics-endpoint.ts'
import { createServe } from './pipeline/serve.ts'
import { createSystemEndpoints } from './pipeline/system-endpoints.ts'
import { RouteTable } from './routing/routes.ts'

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
  /**
   * What clients that connect from now on are shown; open connections are left alone. Throws, with nothing changed, when a
   * certificate is none, or there is no TLS.
   */
  renewCertificates(certificates: readonly TlsCertificate[]): void
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

  const admissions = new Admissions(config, ports)
  const routes = new RouteTable(
    config.buckets.map((bucket) => createRoute(bucket, requireOrigin(origins, bucket), admissions.of(bucket))),
  )
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
          { ...config.server, ...config.metrics, tls: undefined, clientAddress: ownAddresses },
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
    renewCertificates: (certificates) => main.renewCertificates(certificates),
    async close() {
      isReady = false
      await main.drain(config.server.shutdownTimeoutMs)
      await runs.close()
      await Promise.all([...origins.values()].map((origin) => origin.close()))
      await admissions.close()
      await store.close()
      await side?.drain(0)
    },
  }
}

function requireOrigin(origins: ReadonlyMap<string, Origin>, { name }: BucketConfig): Origin {
  const origin = origins.get(name)
  if (origin === undefined) throw new Error(`no origin for bucket ${name}`)
  return origin
}

/** Whoever looks at metrics comes from the inside, and nobody asks from where. */
const ownAddresses = { trustedProxies: [], source: 'x-forwarded-for' } as const

function clientAddressOptions({ server }: Config) {
  return { trustedProxies: server.trustedProxies, source: server.clientAddressFrom }
}
