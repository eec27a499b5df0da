/** What a worker runs: the public listener and the way of a request, over what the process has in common. */

import { flushCompileCache } from 'node:module'
import { isAdminPath } from '../admin/admin.ts'
import type { Webhooks } from '../audit/webhook.ts'
import { systemClock } from '../base/clock.ts'
import { systemRandom } from '../base/random.ts'
import type { Config, ListenAddress } from '../config/config.ts'
import type { Listener, Listening } from '../http/server.ts'
import { ThreadSlots } from '../limits/thread-slots.ts'
import { createBatchedLogger } from '../observe/logger.ts'
import { createMetrics } from '../observe/metrics.ts'
import { isOwnPath } from '../pipeline/system-endpoints.ts'
import { type AuditCalls, RemoteAuditSink } from '../workers/audit-sink.ts'
import { type BoardCalls, RemoteBoard } from '../workers/board.ts'
import { createRemoteDenialWatch, type DenialCalls } from '../workers/denials.ts'
import { type BodyCalls, Forwarder, type ForwardingCalls } from '../workers/forwarding.ts'
import type { LifeCalls, Load, Numbered, Opening } from '../workers/life-calls.ts'
import { type LimiterCalls, limiterName, RemoteLimiter } from '../workers/limiter.ts'
import { type Calls, type Channel, Link } from '../workers/link.ts'
import { type LogCalls, RemoteLogStream } from '../workers/log-output.ts'
import { type MetricsCalls, type RefreshCalls, SharedValues } from '../workers/metrics.ts'
import { type HealthCalls, healthNewsTo } from '../workers/origin-health.ts'
import type { PeerCalls, PeerHubCalls } from '../workers/peer-calls.ts'
import { type PurgeCalls, PurgeFollower } from '../workers/purges.ts'
import { createRemoteTier, type TierCalls } from '../workers/remote-tier.ts'
import { answerRoll } from '../workers/roll.ts'
import { shareOf } from '../workers/share.ts'
import { ThreadPeers } from '../workers/thread-peers.ts'
import { arenaTier } from './arena.ts'
import { closeAudit, sinksOf } from './audit.ts'
import { type Foundation, openFoundation } from './foundation.ts'
import { createGeneration, type Generation, takeUp } from './generation.ts'
import { Generations } from './generations.ts'
import type { WorkerBoot } from './hub.ts'
import { openMainListener } from './listeners.ts'
import { type Seat, soleSeat } from './seat.ts'

export interface RunningWorker {
  /** Of a thread that ends, by itself or for a failure, and has no turn left: what it has not told yet of what it did. */
  lastWords(): void
}

/** Returns at once: the hub says what is to be done. */
export function runWorker(channel: Channel, boot: WorkerBoot): RunningWorker {
  return new WorkerApp(channel, boot)
}

/** What a worker does for the hub. */
export type WorkerCalls = LifeCalls & BodyCalls & PurgeCalls & PeerCalls & RefreshCalls

/** What the hub does for a worker. */
export type HubCalls = ForwardingCalls &
  TierCalls &
  AuditCalls &
  LogCalls &
  MetricsCalls &
  PeerHubCalls &
  BoardCalls &
  HealthCalls &
  LimiterCalls &
  DenialCalls & {
    /** Has another thread look whether its requests that wait have been granted a slot. */
    wake(thread: number): void
  }

/** Opened: what it is made of once the hub has said so. */
interface Opened {
  readonly foundation: Foundation
  readonly generations: Generations<Generation>
}

class WorkerApp implements RunningWorker {
  readonly #hub: Link<HubCalls>
  readonly #boot: WorkerBoot
  readonly #forwarder: Forwarder
  readonly #logStream: RemoteLogStream
  /** What this thread does for the hub: more, once there is something to do it with. */
  readonly #calls: Record<string, Calls[string]>
  #opened: Opened | undefined
  #used: Config
  #slots: ThreadSlots | undefined
  #auditSink: RemoteAuditSink | undefined
  #listener: Listener | undefined
  #prepared: { readonly next: Numbered; readonly generation: Generation } | undefined

  constructor(channel: Channel, boot: WorkerBoot) {
    this.#calls = { ...this.#life }
    this.#hub = new Link(channel, this.#calls)
    this.#boot = boot
    this.#used = boot.current.config
    answerRoll(boot.roll, boot.thread)
    this.#forwarder = new Forwarder(this.#hub)
    this.#logStream = new RemoteLogStream(this.#hub)
    this.#perform(this.#forwarder.calls)
  }

  lastWords(): void {
    this.#auditSink?.handOverNow()
    this.#opened?.foundation.log.flush()
  }

  get #life(): LifeCalls {
    return {
      open: (opening) => this.#open(opening),
      listen: (address) => this.#listen(address),
      load: () => this.#load(),
      collectSlots: () => this.#slots?.collect(),
      prepare: (next) => this.#prepare(next),
      commit: () => this.#commit(),
      discard: () => this.#discard(),
      drain: (timeoutMs) => this.#drain(timeoutMs),
    }
  }

  #perform(calls: Partial<WorkerCalls>): void {
    Object.assign(this.#calls, calls)
  }

  async #open(opening: Opening): Promise<void> {
    const { started, current, version } = this.#boot
    const log = createBatchedLogger(current.config.logging.level, systemClock, this.#logStream)
    const board = new RemoteBoard(this.#hub, systemClock)
    const ports = { clock: systemClock, random: systemRandom, log, version, board, seat: this.#seat(opening) }
    const foundation = await openFoundation(started, ports)
    this.#perform({ refreshMetrics: () => foundation.metrics.registry.refresh() })
    foundation.health.onNews(healthNewsTo(this.#hub))
    const generation = this.#generation(current, foundation)
    this.#opened = { foundation, generations: new Generations(generation) }
    this.#use(current)
  }

  async #listen(address: ListenAddress): Promise<Listening> {
    const { foundation, generations } = this.#ready
    this.#listener = openMainListener(this.#boot.started, foundation, generations, address)
    this.#renewCertificates()
    const listening = await this.#listener.listen()
    flushCompileCache() // what only a worker loads, for those who take its place
    return listening
  }

  #load(): Load {
    return { connections: this.#listener?.openConnections ?? 0, requests: this.#listener?.activeRequests ?? 0 }
  }

  #prepare(next: Numbered): void {
    this.#discard()
    this.#prepared = { next, generation: this.#generation(next, this.#ready.foundation) }
  }

  #commit(): void {
    const { foundation, generations } = this.#ready
    if (this.#prepared === undefined) throw new Error('there is no config to take up')
    const { next, generation } = this.#prepared
    this.#prepared = undefined
    generations.replace(generation)
    this.#use(next)
    this.#renewCertificates()
    foundation.log.logger.level = next.config.logging.level
  }

  #discard(): void {
    void this.#prepared?.generation.release() // never rejects: nothing of it was used
    this.#prepared = undefined
  }

  async #drain(timeoutMs: number): Promise<void> {
    const { foundation, generations } = this.#ready
    await this.#listener?.drain(timeoutMs)
    await foundation.runs.close()
    await generations.close()
    await foundation.close()
    await closeAudit(foundation.audit)
    foundation.log.flush()
    await this.#logStream.taken
  }

  get #ready(): Opened {
    if (this.#opened === undefined) throw new Error('the worker is not open')
    return this.#opened
  }

  #use({ config }: Numbered): void {
    const { foundation, generations } = this.#ready
    this.#used = config
    takeUp(generations.current, foundation)
  }

  #renewCertificates(): void {
    const { tls } = this.#used.server
    if (tls !== undefined && this.#boot.started.server.tls !== undefined)
      this.#listener?.renewCertificates(tls.certificates)
  }

  #generation({ number, config }: Numbered, foundation: Foundation): Generation {
    const { handle } = this.#forwarder
    return createGeneration(number, config, undefined, {
      foundation,
      systems: { open: () => undefined, inside: () => undefined },
      headTimeoutMs: this.#boot.started.server.requestTimeoutMs,
      desk: { forward: (request, trace) => (isHubs(request.path) ? handle(request, trace) : undefined) },
    })
  }

  #seat({ purges }: Opening): Seat {
    const { thread, threads, arena, slots } = this.#boot
    const peers = new ThreadPeers(this.#hub, systemClock)
    let follower: PurgeFollower | undefined
    return {
      ...soleSeat,
      thread,
      createMetrics: (build) => createMetrics(build, new SharedValues(this.#hub)),
      shareOf: (total) => shareOf(total, threads, thread),
      limiter: (settings, { local }) =>
        new RemoteLimiter(limiterName(settings), {
          link: this.#hub,
          local: local(),
          shareOf: (total) => shareOf(total, threads, thread),
        }),
      denials: () => createRemoteDenialWatch(this.#hub, systemClock),
      webhooks: () => nobody,
      joinPurges: (log) => {
        follower = new PurgeFollower(log)
        follower.adopt(purges)
        this.#perform(
          follower.calls({ storeNothing: (isPurged) => this.#opened?.foundation.runs.storeNothing(isPurged) }),
        )
      },
      peers: () => peers,
      lend: (runs) => this.#perform(peers.callsTo(runs)),
      createSlots: (_options, { clock }) => {
        this.#slots = new ThreadSlots(slots, thread, { clock, wake: (other) => this.#hub.tell('wake', other) })
        return this.#slots
      },
      openAudit: async ({ audit }, { events }) => {
        const [first, ...others] = audit === undefined ? [] : sinksOf(audit)
        if (first === undefined) return undefined
        this.#auditSink = new RemoteAuditSink([first, ...others], this.#hub, events)
        return { sinks: [this.#auditSink], chain: undefined }
      },
      sharedTier: (layer, events) => {
        const tier = arenaTier(layer, arena, thread, events) ?? createRemoteTier(layer.kind, this.#hub)
        return follower?.clearedElsewhere(tier)
      },
    }
  }
}

/** All that webhooks are told is told by the hub. */
const nobody: Webhooks = { emit: () => undefined, close: async () => undefined }

/** What is spelt so that it leads nowhere is the administration's all the same, which hears of whoever tries. */
function isHubs(path: string): boolean {
  try {
    return isAdminPath(path) || isOwnPath(path)
  } catch {
    return false // translated: routing says what is wrong with it
  }
}
