/** The listeners of the process, and what is written down of every request on them. */

import { createDenialWatch } from '../audit/denial-watch.ts'
import type { Config } from '../config/config.ts'
import { earliestEnd, type TlsCertificate } from '../http/certificates.ts'
import type { Handler } from '../http/messages.ts'
import { createListener, type Listener, type ListenerPorts } from '../http/server.ts'
import { addressBlock } from '../limits/address-block.ts'
import { measure } from '../observe/measure.ts'
import { type Metrics, readAtScrape } from '../observe/metrics.ts'
import { type RequestObserver, watchDenials } from '../observe/request-observer.ts'
import { closeTimeline } from '../observe/tracing.ts'
import { createMetricsHandler } from '../pipeline/metrics-endpoint.ts'
import type { Foundation } from './foundation.ts'
import type { Generation, Systems } from './generation.ts'
import type { Generations } from './generations.ts'

export interface Listeners {
  readonly main: Pick<Listener, 'openConnections' | 'activeRequests'>
  /** Resolves when all answer. */
  listen(): Promise<{ readonly main: string; readonly metrics?: string; readonly admin?: string }>
  /** Throws, with nothing changed, when a certificate is none. */
  renewCertificates(certificates: readonly TlsCertificate[]): void
  /** No new requests, those under way to their end within the limit. Metrics are still served. */
  drain(timeoutMs: number): Promise<void>
  /** The last one. */
  close(): Promise<void>
}

export function openListeners(
  { server, metrics: side, admin }: Config,
  foundation: Foundation,
  { inside: system }: Systems,
  generations: Generations<Generation>,
): Listeners {
  const { clock, random, metrics, audit } = foundation
  const clientAddress = { trustedProxies: server.trustedProxies, source: server.clientAddressFrom }
  const rejected = (reason: string) => {
    metrics.rejectedRequests.cell(reason).value++
  }
  const ports = { clock, random, rejected, done: observer(foundation, generations) } satisfies Omit<
    ListenerPorts,
    'handle'
  >
  const handle: Handler = (request, trace) => generations.enter(trace).handle(request, trace)
  const handleAdmin: Handler = (request, trace) => generations.enter(trace).handleAdmin(request, trace)

  const main = createListener({ ...server, clientAddress }, { ...ports, handle })
  const adminListener =
    admin?.address && createListener({ ...server, ...admin.address, clientAddress }, { ...ports, handle: handleAdmin })
  const sideListener =
    side &&
    createListener(
      { ...server, ...side, tls: undefined, clientAddress: ownAddresses },
      { ...ports, handle: createMetricsHandler(metrics.registry, system), done: () => {} },
    )
  readAtScrape(metrics.activeConnections, () => {
    metrics.activeConnections.cell().value = main.openConnections
  })
  readAtScrape(metrics.activeRequests, () => {
    metrics.activeRequests.cell().value = main.activeRequests
  })
  tellEnd(metrics, server.tls?.certificates)
  for (const { name } of audit?.sinks ?? []) metrics.auditEntries.cell(name, 'dropped') // an alert looks for an increase
  readAtScrape(metrics.auditQueueDepth, () => {
    for (const { name, depth } of audit?.sinks ?? []) metrics.auditQueueDepth.cell(name).value = depth
  })

  return {
    main,
    listen: async () => ({
      main: (await main.listen()).url,
      ...(sideListener && { metrics: (await sideListener.listen()).url }),
      ...(adminListener && { admin: (await adminListener.listen()).url }),
    }),
    renewCertificates(certificates) {
      main.renewCertificates(certificates)
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

function tellEnd(metrics: Metrics, certificates: readonly TlsCertificate[] | undefined): void {
  if (certificates !== undefined) metrics.certificateEnd.cell().value = earliestEnd(certificates) / 1000
}

/** Whoever looks at metrics comes from the inside, and nobody asks from where. */
const ownAddresses = { trustedProxies: [], source: 'x-forwarded-for' } as const

/** What comes at the end of every request, under the configuration it began with. */
function observer({ metrics, clock }: Foundation, generations: Generations<Generation>): RequestObserver {
  const denials = createDenialWatch({
    clock,
    repeated: (denied) => generations.current.webhooks.emit('auth_denied', denied),
  })
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
