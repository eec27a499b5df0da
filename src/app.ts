/** Composition root: it and `assembly/` alone construct things from Config. Leaf to root; closing runs the other way. */

import { randomBytes } from 'node:crypto'
import { createAdministration } from './assembly/admin.ts'
import { Admissions } from './assembly/admission.ts'
import { openAudit } from './assembly/audit.ts'
import { createOrigin, createRoute } from './assembly/routes.ts'
import { createStatus } from './assembly/status.ts'
import { openTiers } from './assembly/tiers.ts'
import { createWarming, PoolPressure } from './assembly/warming.ts'
import { createDenialWatch } from './audit/denial-watch.ts'
import { createWebhooks } from './audit/webhook.ts'
import type { Clock } from './base/clock.ts'
import type { Random } from './base/random.ts'
import { PurgeLog } from './cache/purge-log.ts'
import { purgesKeptForMs } from './cache/redis-purge-set.ts'
import type { TierGuard } from './cache/tier.ts'
import { createTieredStore } from './cache/tiered-store.ts'
import type { BucketConfig, Config, LayerConfig } from './config/config.ts'
import type { TlsCertificate } from './http/certificates.ts'
import { createListener, type ListenerPorts } from './http/server.ts'
import { addressBlock } from './limits/address-block.ts'
import { FlightTable } from './objects/flight.ts'
import { ObjectOpener } from './objects/open-object.ts'
import { RunTable } from './objects/run-table.ts'
import { UncacheableMemory } from './objects/uncacheable-memory.ts'
import { sinkEvents, webhookReports } from './observe/audit-events.ts'
import type { LogOutput } from './observe/logger.ts'
import { createMetrics, readAtScrape } from './observe/metrics.ts'
import { accessLog, measure, type RequestObserver, watchDenials } from './observe/observe-request.ts'
import { originEvents, tierEvents, watchUsage } from './observe/record-events.ts'
import { notingOrigins, notingTiers, StatusBoard } from './observe/status-board.ts'
import { warmJobEvents } from './observe/warm-events.ts'
import type { Origin } from './origin/origin.ts'
import { createAdminHandler } from './pipeline/admin-endpoint.ts'
import { createHandler } from './pipeline/handler.ts'
import { createMetricsHandler } from './pipeline/metrics-endpoint.ts'
import { createServe } from './pipeline/serve.ts'
import { createSystemEndpoints } from './pipeline/system-endpoints.ts'
import { createWarmer } from './pipeline/warm-object.ts'
import { RouteTable } from './routing/routes.ts'

export interface Ports {
  readonly clock: Clock
  readonly random: Random
  readonly log: LogOutput
  readonly version: string
  /** The effective config for administrators, without secrets. */
  readonly described?: unknown
  /** Put around each tier, inside its deadline and its breakers: faults, in tests. */
  readonly tierGuard?: TierGuard
}

/** Where each listener can be reached. */
export interface Addresses {
  readonly main: string
  readonly metrics?: string
  readonly admin?: string
}

export interface App {
  /** Resolves when every listener answers. */
  listen(): Promise<Addresses>
  /**
   * What clients that connect from now on are shown; open connections are left alone. Throws, with nothing changed, when a
   * certificate is none, or there is no TLS.
   */
  renewCertificates(certificates: readonly TlsCertificate[]): void
  /** Audit files are opened anew, after somebody has moved them. Never rejects. */
  reopenFiles(): Promise<void>
  /** Not ready any more, no new connections, requests in flight to their end within the limit, then everything is closed. */
  close(): Promise<void>
}

/** Rejects when a tier or what waits for audit belongs to another process. What else is wrong with a tier makes it a miss until it is mended. */
export async function createApp(config: Config, ports: Ports): Promise<App> {
  const { clock, random, log, version } = ports
  const metrics = createMetrics({ version, node: process.version })
  const board = new StatusBoard(clock)
  const audit = await openAudit(config, { clock, random, events: sinkEvents(metrics, log.logger, board) })
  const webhooks = createWebhooks(config.webhooks, { clock, random, reports: webhookReports(metrics, log.logger) })

  const purges = new PurgeLog(clock, random, Math.max(0, ...config.layers.map(longestStayMs)))
  const events = notingTiers(tierEvents(metrics, log.logger, clock), board)
  const tiers = await openTiers(config, events, { ...ports, purges }).catch(async (error: unknown) => {
    await audit?.log.close() // nobody will use it: it must not keep the process alive
    throw error
  })
  const store = createTieredStore(tiers, events, clock, purges)
  watchUsage(metrics, () => store.usage())

  const pressure = new PoolPressure(clock)
  const asked = pressure.watch(notingOrigins(originEvents(metrics), board))
  const origins = new Map(config.buckets.map((bucket) => [bucket.name, createOrigin(bucket, asked, ports)]))
  const runs = new RunTable({ store, clock })
  const uncacheable = new UncacheableMemory(clock)
  const opener = new ObjectOpener({ store, runs, clock, uncacheable, purges, flights: new FlightTable() })

  const admissions = new Admissions(config, ports)
  const routes = config.buckets.map((bucket) =>
    createRoute(bucket, requireOrigin(origins, bucket), admissions.of(bucket), purges),
  )
  const { requestTimeoutMs: headTimeoutMs } = config.server
  const serve = createServe({ opener, clock, headTimeoutMs, boundary: () => randomBytes(16).toString('hex') })
  const warming = createWarming(config, {
    ...{ clock, random, pressure, ended: warmJobEvents(log.logger) },
    routes: new Map(routes.map((route) => [route.name, route])),
    warm: createWarmer({ opener, clock, random, headTimeoutMs }),
  })

  let isReady = false
  let addresses: Addresses = { main: '' }
  const system = createSystemEndpoints({ isReady: () => isReady, version }, clock)
  const denials = createDenialWatch({ clock, repeated: (denied) => webhooks.emit('auth_denied', denied) })
  const observers: readonly RequestObserver[] = [
    ...[
      measure(metrics),
      accessLog(log, clock),
      watchDenials({ denied: (address, user) => denials.denied(addressBlock(address), user) }),
    ],
    ...(audit === undefined ? [] : [audit.log.observe]),
  ]
  const listenerPorts: Omit<ListenerPorts, 'handle'> = {
    clock,
    random,
    rejected: (reason: string) => {
      metrics.rejectedRequests.cell(reason).value++
    },
    done: (...seen) => {
      for (const observe of observers) observe(...seen)
    },
  }
  const administer =
    config.admin &&
    createAdministration(config, config.admin, {
      ...{ clock, random, metrics, store, runs, uncacheable, routes, admissions, webhooks, warming: warming.jobs },
      config: () => ports.described ?? {},
      status: () => status(),
    })
  const ownAdmin = config.admin?.address
  const handle = createHandler({
    ...{ routes: new RouteTable(routes), serve, system },
    administer: ownAdmin === undefined ? administer : undefined,
  })
  const main = createListener(
    { ...config.server, clientAddress: clientAddressOptions(config) },
    { ...listenerPorts, handle },
  )
  const side =
    config.metrics === undefined
      ? undefined
      : createListener(
          { ...config.server, ...config.metrics, tls: undefined, clientAddress: ownAddresses },
          { ...listenerPorts, handle: createMetricsHandler(metrics.registry, system), done: () => {} },
        )
  const admin =
    ownAdmin === undefined || administer === undefined
      ? undefined
      : createListener(
          { ...config.server, ...ownAdmin, clientAddress: clientAddressOptions(config) },
          { ...listenerPorts, handle: createAdminHandler(administer, system) },
        )
  const status = createStatus({
    ...{ version, clock, board, metrics, store, purges, main, warming: warming.jobs },
    buckets: config.buckets,
    sinks: audit?.sinks ?? [],
    isReady: () => isReady,
    addresses: () => ({ ...addresses }),
  })
  readAtScrape(metrics.activeConnections, () => {
    metrics.activeConnections.cell().value = main.openConnections
  })
  readAtScrape(metrics.activeRequests, () => {
    metrics.activeRequests.cell().value = main.activeRequests
  })
  readAtScrape(metrics.auditQueueDepth, () => {
    for (const { name, depth } of audit?.sinks ?? []) metrics.auditQueueDepth.cell(name).value = depth
  })

  return {
    async listen() {
      addresses = {
        main: (await main.listen()).url,
        ...(side && { metrics: (await side.listen()).url }),
        ...(admin && { admin: (await admin.listen()).url }),
      }
      isReady = true
      warming.start()
      return addresses
    },
    renewCertificates(certificates) {
      main.renewCertificates(certificates)
      admin?.renewCertificates(certificates)
    },
    async reopenFiles() {
      await audit?.log.reopen()
    },
    async close() {
      isReady = false
      const { shutdownTimeoutMs } = config.server
      await Promise.all([warming.close(), main.drain(shutdownTimeoutMs), admin?.drain(shutdownTimeoutMs)])
      await runs.close()
      await Promise.all([...origins.values()].map((origin) => origin.close()))
      await admissions.close()
      await store.close()
      await webhooks.close()
      await audit?.log.close()
      await side?.drain(0)
    },
  }
}

/** How long records may lie in a tier that is not searched for what is purged. */
function longestStayMs(layer: LayerConfig): number {
  return layer.kind === 'redis' ? purgesKeptForMs(layer.options.ttlMs) : 0
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
