/** Composition root: it and `assembly/` alone construct things from Config. Leaf to root; closing runs the other way. */

import type { ReloadReply } from './admin/ports.ts'
import { closeAudit, reopenAudit } from './assembly/audit.ts'
import type { Crew } from './assembly/crew.ts'
import { type Foundation, type FoundationPorts, openFoundation } from './assembly/foundation.ts'
import { createGeneration, type Desk, type Generation, type Systems, takeUp } from './assembly/generation.ts'
import { Generations } from './assembly/generations.ts'
import { Hub } from './assembly/hub.ts'
import { openListeners } from './assembly/listeners.ts'
import { PoolWaits } from './assembly/pool-waits.ts'
import { restartRequired } from './assembly/restart-required.ts'
import { createStatus } from './assembly/status.ts'
import { Warming } from './assembly/warming.ts'
import type { Trace } from './base/trace.ts'
import type { Config } from './config/config.ts'
import type { ProxyRequest, ProxyResponse } from './http/messages.ts'
import { readAtScrape } from './observe/metrics.ts'
import { StatusBoard } from './observe/status-board.ts'
import { warmJobEvents } from './observe/warm-events.ts'
import { createSystemEndpoints } from './pipeline/system-endpoints.ts'
import { createWarmer } from './pipeline/warm-object.ts'

export interface Ports extends Omit<FoundationPorts, 'board' | 'seat'> {
  /** The effective config for administrators, without secrets. */
  readonly described?: unknown
  /** What an administrator's reload does: reads the config file, and calls `App.reload`. Absent: there is no file. */
  readonly reload?: () => Promise<ReloadReply>
}

/** Where each listener can be reached. */
export interface Addresses {
  readonly main: string
  readonly metrics?: string
  readonly admin?: string
}

export interface Reloaded {
  readonly generation: number
  /** Settings that changed and are kept as they were, by their paths. */
  readonly restartRequired: readonly string[]
}

export interface App {
  /** Resolves when every listener answers. */
  listen(): Promise<Addresses>
  /**
   * The next request meets the new configuration; those under way end under theirs. Tiers, connections, counters and jobs go
   * on. Rejects, with nothing changed, when something of it cannot be made: a certificate that is none.
   */
  reload(config: Config, described?: unknown): Promise<Reloaded>
  /** Counts a reload that came to nothing before there was a configuration. */
  reloadRefused(): void
  /** Audit files are opened anew, after somebody has moved them. Never rejects. */
  reopenFiles(): Promise<void>
  /** Not ready any more, no new connections, requests in flight to their end within the limit, then everything is closed. */
  close(): Promise<void>
}

/** Rejects when a tier or what waits for audit belongs to another process. What else is wrong with a tier makes it a miss until it is mended. */
export async function createApp(config: Config, ports: Ports): Promise<App> {
  const hub = config.server.workers > 1 ? new Hub(config, ports.clock) : undefined
  const board = new StatusBoard(ports.clock)
  const foundation = await openFoundation(config, { ...ports, board, ...(hub && { seat: hub.seat }) })
  try {
    return new RunningApp(config, ports, foundation, board, hub)
  } catch (error) {
    await foundation.close() // nobody will use it: it must not keep the process alive
    await closeAudit(foundation.audit)
    throw error
  }
}

/** For Redis to be connected, and to tell what was purged while this process was away. */
const hearingMs = 1000

class RunningApp implements App {
  /** What the process was started with. */
  readonly #started: Config
  readonly #ports: Ports
  readonly #foundation: Foundation
  readonly #generations: Generations<Generation>
  readonly #listeners: ReturnType<typeof openListeners>
  /** Undefined: this thread serves requests. */
  readonly #crew: Crew | undefined
  readonly #hub: Hub | undefined
  readonly #systems: Systems
  readonly #warming: Warming
  readonly #poolWaits: PoolWaits
  readonly #status: () => Promise<unknown>
  #addresses: Addresses = { main: '' }
  #isReady = false

  constructor(config: Config, ports: Ports, foundation: Foundation, board: StatusBoard, hub: Hub | undefined) {
    this.#started = config
    this.#ports = ports
    this.#foundation = foundation
    this.#hub = hub
    const { clock, random, log, version, opener, pressure, metrics, store, purges, audit } = foundation
    const readiness = () => {
      if (!this.#isReady) return 'unavailable'
      return board.isDegraded ? 'degraded' : 'ready'
    }
    this.#systems = {
      open: createSystemEndpoints({ version, status: readiness }, clock),
      inside: createSystemEndpoints({ version, status: readiness, rows: () => board.rows() }, clock),
    }
    this.#generations = new Generations(this.#generation(1, config, ports.described))
    this.#warming = new Warming(config.warming, {
      ...{ clock, random, pressure, ended: warmJobEvents(log.logger) },
      warm: createWarmer({ opener, clock, random, headTimeoutMs: config.server.requestTimeoutMs }),
      routeOf: (bucket) => this.#generations.current.routeOf(bucket),
      listingOf: (bucket) => this.#generations.current.listingOf(bucket),
    })
    const tell = (event: 'breaker' | 'origin_health') => (news: Readonly<Record<string, unknown>>) =>
      this.#generations.current.webhooks.emit(event, news)
    const news = { breaker: tell('breaker'), origin: tell('origin_health') }
    this.#crew = hub?.muster({
      ...{ foundation, board, news },
      current: () => {
        const { number, config } = this.#generations.current
        return { number, config }
      },
      handle: (request, trace) => this.#answer(request, trace),
    })
    if (hub === undefined) foundation.health.onNews(news)
    this.#listeners = openListeners(config, foundation, this.#systems, this.#generations, this.#crew)
    this.#poolWaits = new PoolWaits(clock, metrics)
    this.#status = createStatus({
      ...{
        version,
        clock,
        board,
        health: hub?.health ?? foundation.health,
        metrics,
        store,
        purges,
        readiness,
        main: this.#listeners.main,
        poolWaits: this.#poolWaits,
      },
      ...{ warming: this.#warming.jobs, sinks: audit?.sinks ?? [], addresses: () => ({ ...this.#addresses }) },
      generation: () => this.#generations.current,
    })
    this.#use(config)
    readAtScrape(metrics.configGeneration, () => {
      metrics.configGeneration.cell().set(this.#generations.current.number)
    })
  }

  async listen(): Promise<Addresses> {
    await this.#untilHeard()
    this.#addresses = await this.#listeners.listen()
    this.#isReady = true
    this.#warming.start(this.#started.warming)
    return this.#addresses
  }

  async reload(config: Config, described?: unknown): Promise<Reloaded> {
    const { metrics, log } = this.#foundation
    const before = this.#generations.current
    let next: Generation | undefined
    try {
      next = this.#generation(before.number + 1, config, described)
      await this.#crew?.prepare({ number: next.number, config })
      const { tls } = config.server
      if (tls !== undefined && this.#started.server.tls !== undefined)
        this.#listeners.renewCertificates(tls.certificates)
    } catch (error) {
      this.#crew?.discard()
      void next?.release() // never rejects: nothing of it was used
      this.reloadRefused()
      throw error
    }
    this.#generations.replace(next)
    await this.#crew?.commit()
    metrics.configReloads.cell('applied').add(1)
    this.#use(config)
    log.logger.level = config.logging.level
    if (JSON.stringify(config.warming.schedule) !== JSON.stringify(before.config.warming.schedule))
      this.#warming.reschedule(config.warming)
    const reloaded = {
      generation: this.#generations.current.number,
      restartRequired: restartRequired(this.#started, config),
    }
    const { generation, restartRequired: restart_required } = reloaded
    this.#generations.current.webhooks.emit('reload', { generation, restart_required })
    return reloaded
  }

  reloadRefused(): void {
    this.#foundation.metrics.configReloads.cell('refused').add(1)
  }

  reopenFiles(): Promise<void> {
    return reopenAudit(this.#foundation.audit)
  }

  async close(): Promise<void> {
    this.#isReady = false
    this.#poolWaits.close()
    const { shutdownTimeoutMs } = this.#generations.current.config.server
    await Promise.all([this.#warming.close(), this.#listeners.drain(shutdownTimeoutMs)])
    await this.#foundation.runs.close()
    await this.#generations.close()
    await this.#foundation.close()
    await closeAudit(this.#foundation.audit)
    await this.#listeners.close()
  }

  /** Starting never needs Redis: it gets a moment. */
  async #untilHeard(): Promise<void> {
    const { heard, clock } = this.#foundation
    const over = new AbortController()
    // Not by an alarm: nothing else may keep the process alive yet.
    await Promise.race([heard, clock.sleep(hearingMs, over.signal).catch(() => undefined)])
    over.abort()
  }

  #use({ buckets }: Config): void {
    this.#hub?.health?.keep(buckets.map(({ name }) => name))
    takeUp(this.#generations.current, this.#foundation)
  }

  #generation(number: number, config: Config, described: unknown): Generation {
    return createGeneration(number, config, described ?? {}, {
      foundation: this.#foundation,
      systems: this.#systems,
      headTimeoutMs: this.#started.server.requestTimeoutMs,
      // An address that nobody listens at yet must not bring the administration to where everybody comes.
      desk: this.#desk((this.#started.admin ?? config.admin)?.address !== undefined),
    })
  }

  #desk(hasAdminListener: boolean): Desk {
    return {
      hasAdminListener,
      warming: {
        start: (order) => this.#warming.jobs.start(order),
        get: (id) => this.#warming.jobs.get(id),
        cancel: (id) => this.#warming.jobs.cancel(id),
      },
      status: () => this.#status(),
      reload:
        this.#ports.reload ?? (async () => ({ kind: 'refused', problems: ['there is no config file to read again'] })),
    }
  }

  /** What a worker has taken in; log, metrics and audit are its affair. */
  async #answer(request: ProxyRequest, trace: Trace): Promise<ProxyResponse> {
    try {
      return await this.#generations.enter(trace).handle(request, trace)
    } finally {
      this.#generations.leave(trace)
    }
  }
}
