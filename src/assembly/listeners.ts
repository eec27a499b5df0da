/** The listeners of the process, and what is written down of every request on them. */

import { createDenialWatch, type RepeatedDenials } from '../audit/denial-watch.ts'
import type { Config, ListenAddress } from '../config/config.ts'
import { earliestEnd, type TlsCertificate } from '../http/certificates.ts'
import type { Handler } from '../http/messages.ts'
import { createListener, type Listener, type ListenerOptions, type ListenerPorts } from '../http/server.ts'
import { addressBlock } from '../limits/address-block.ts'
import { measure } from '../observe/measure.ts'
import { type Metrics, readAtScrape } from '../observe/metrics.ts'
import { type RequestObserver, watchDenials } from '../observe/request-observer.ts'
import { closeTimeline } from '../observe/tracing.ts'
import { createMetricsHandler } from '../pipeline/metrics-endpoint.ts'
import type { Load } from '../workers/life-calls.ts'
import type { Foundation } from './foundation.ts'
import type { Generation, Systems } from './generation.ts'
import type { Generations } from './generations.ts'

/** Where everybody comes: one listener, or those of several threads. */
export interface PublicListener {
  /** Resolves when it answers. */
  listen(): Promise<{ readonly url: string }>
  load(): Load | Promise<Load>
  /** No new requests, those under way to their end within the limit. */
  drain(timeoutMs: number): Promise<void>
}

export interface Listeners {
  readonly main: Pick<PublicListener, 'load'>
  /** Resolves when all answer. */
  listen(): Promise<{ readonly main: string; readonly metrics?: string; readonly admin?: string }>
  /** Throws, with nothing changed, when a certificate is none. */
  renewCertificates(certificates: readonly TlsCertificate[]): void
  /** No new requests, those under way to their end within the limit. Metrics are still served. */
  drain(timeoutMs: number): Promise<void>
  /** The last one. */
  close(): Promise<void>
}

/** `crew`: the threads that have the public listener. Absent: this thread has it. */
export function openListeners(
  config: Config,
  foundation: Foundation,
  { inside: system }: Systems,
  generations: Generations<Generation>,
  crew: PublicListener | undefined,
): Listeners {
  const { server, metrics: side, admin } = config
  const { metrics, audit } = foundation
  const clientAddress = clientAddressOf(config)
  const ports = portsOf(foundation, generations)
  const own = crew ?? mainListener(config, foundation, generations, ports)
  const main = 'load' in own ? own : loaded(own)
  const handleAdmin: Handler = (request, trace) => generations.enter(trace).handleAdmin(request, trace)
  const adminListener =
    admin?.address && createListener({ ...server, ...admin.address, clientAddress }, { ...ports, handle: handleAdmin })
  const sideListener =
    side &&
    createListener(
      { ...server, ...side, tls: undefined, clientAddress: ownAddresses },
      { ...ports, handle: createMetricsHandler(metrics.registry, system), done: () => {} },
    )
  tellEnd(metrics, server.tls?.certificates)
  for (const { name } of audit?.sinks ?? []) metrics.auditEntries.cell(name, 'dropped') // an alert looks for an increase
  readAtScrape(metrics.auditQueueDepth, () => {
    for (const { name, depth } of audit?.sinks ?? []) metrics.auditQueueDepth.cell(name).set(depth)
  })

  return {
    main,
    listen: async () => ({
      main: (await main.listen()).url,
      ...(sideListener && { metrics: (await sideListener.listen()).url }),
      ...(adminListener && { admin: (await adminListener.listen()).url }),
    }),
    renewCertificates(certificates) {
      if ('renewCertificates' in own) own.renewCertificates(certificates)
      adminListener?.renewCertificates(certificates)
      tellEnd(metrics, certificates)
    },
    async drain(timeoutMs) {
      await Promise.all([main.drain(timeoutMs), adminListener?.drain(timeoutMs)])
    },
    async close() {
      await sideListener?.drain(0)
    },
  }
}

/** The one that everybody comes to, on a thread of several: `at` instead of where the config says, and they share the port. */
export function openMainListener(
  config: Config,
  foundation: Foundation,
  generations: Generations<Generation>,
  at: ListenAddress,
): Listener {
  return mainListener(config, foundation, generations, portsOf(foundation, generations), at)
}

function mainListener(
  config: Config,
  { metrics }: Foundation,
  generations: Generations<Generation>,
  ports: Omit<ListenerPorts, 'handle'>,
  at?: ListenAddress,
): Listener {
  const handle: Handler = (request, trace) => generations.enter(trace).handle(request, trace)
  const options = { ...config.server, ...at, reusePort: at !== undefined, clientAddress: clientAddressOf(config) }
  const listener = createListener(options, { ...ports, handle })
  readAtScrape(metrics.activeConnections, () => {
    metrics.activeConnections.cell().set(listener.openConnections)
  })
  readAtScrape(metrics.activeRequests, () => {
    metrics.activeRequests.cell().set(listener.activeRequests)
  })
  return listener
}

function loaded(listener: Listener): PublicListener {
  return {
    listen: () => listener.listen(),
    load: () => ({ connections: listener.openConnections, requests: listener.activeRequests }),
    drain: (timeoutMs) => listener.drain(timeoutMs),
  }
}

function clientAddressOf({ server }: Config): ListenerOptions['clientAddress'] {
  return { trustedProxies: server.trustedProxies, source: server.clientAddressFrom }
}

function portsOf(foundation: Foundation, generations: Generations<Generation>): Omit<ListenerPorts, 'handle'> {
  const { clock, random, metrics } = foundation
  const rejected = (reason: string) => {
    metrics.rejectedRequests.cell(reason).add(1)
  }
  return { clock, random, rejected, done: observer(foundation, generations) }
}

function tellEnd(metrics: Metrics, certificates: readonly TlsCertificate[] | undefined): void {
  if (certificates !== undefined) metrics.certificateEnd.cell().set(earliestEnd(certificates) / 1000)
}

/** Whoever looks at metrics comes from the inside, and nobody asks from where. */
const ownAddresses = { trustedProxies: [], source: 'x-forwarded-for' } as const

/** What comes at the end of every request, under the configuration it began with. */
function observer({ metrics, clock, seat }: Foundation, generations: Generations<Generation>): RequestObserver {
  const repeated = (denied: RepeatedDenials) => generations.current.webhooks.emit('auth_denied', denied)
  const denials = seat.denials(() => createDenialWatch({ clock, repeated }))
  const observers = [
    closeTimeline,
    measure(metrics, clock),
    watchDenials({ denied: (address, user) => denials.denied(addressBlock(address), user) }),
  ]
  return (request, response, trace, sent, durationMs) => {
    for (const observe of observers) observe(request, response, trace, sent, durationMs)
    const generation = generations.leave(trace)
    const { log } = generation ?? generations.current
    log(request, response, trace, sent, durationMs)
    generation?.slow?.(request, response, trace, sent, durationMs)
    generation?.audit?.observe(request, response, trace, sent, durationMs)
  }
}
