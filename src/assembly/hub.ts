/** The thread that has what all threads of the process share, and looks after those that serve requests. */

import type { DenialWatch } from '../audit/denial-watch.ts'
import type { Clock } from '../base/clock.ts'
import { createTrace } from '../base/trace.ts'
import type { ArenaHandle } from '../cache/arena/layout.ts'
import { repairAfter } from '../cache/arena/repair.ts'
import type { PurgeLog } from '../cache/purge-log.ts'
import type { Config } from '../config/config.ts'
import type { Handler } from '../http/messages.ts'
import { HubSlots } from '../limits/hub-slots.ts'
import type { SlotHandle } from '../limits/slot-memory.ts'
import type { StatusBoard } from '../observe/status-board.ts'
import { auditCalls } from '../workers/audit-sink.ts'
import { BoardOfThreads } from '../workers/board.ts'
import { calling } from '../workers/caller.ts'
import { denialCalls } from '../workers/denials.ts'
import { answerForwarded } from '../workers/forwarding.ts'
import type { Numbered } from '../workers/life-calls.ts'
import { LentLimiters, limiterName } from '../workers/limiter.ts'
import { logCalls } from '../workers/log-output.ts'
import { metricsCalls, refreshWorkers } from '../workers/metrics.ts'
import { type HealthListener, HealthOfThreads } from '../workers/origin-health.ts'
import { PeerHub } from '../workers/peer-hub.ts'
import { PurgeAnnouncer } from '../workers/purges.ts'
import { tierCalls } from '../workers/remote-tier.ts'
import { createRoll, type Roll, type RollMemory } from '../workers/roll.ts'
import { shareOf } from '../workers/share.ts'
import { ThreadPeers } from '../workers/thread-peers.ts'
import { arenaFor, arenaTier } from './arena.ts'
import { Crew } from './crew.ts'
import type { Foundation } from './foundation.ts'
import { type Seat, soleSeat } from './seat.ts'
import type { HubCalls } from './worker-app.ts'

/** Of the threads that use what is shared; workers follow. */
const hubThread = 0

/** What a worker begins with: plain values, and memory that is shared. */
export interface WorkerBoot {
  readonly thread: number
  readonly threads: number
  readonly version: string
  /** What the process was started with. */
  readonly started: Config
  readonly current: Numbered
  readonly arena: ArenaHandle | undefined
  readonly slots: SlotHandle
  readonly roll: RollMemory
}

export interface HubPorts {
  readonly foundation: Foundation
  readonly board: StatusBoard
  /** Told of what the origins' breakers do, all threads together. */
  readonly news: HealthListener
  current(): Numbered
  /** Answers what came by none of the hub's own listeners. */
  readonly handle: Handler
}

/** What of it stands for all threads, once the hub's own parts have been made from its seat. */
interface Centre {
  readonly slots: HubSlots
  readonly peers: PeerHub
  readonly purges: PurgeAnnouncer
  readonly denials: DenialWatch
}

/** What a worker runs. */
const program = new URL('../worker.ts', import.meta.url)

export class Hub {
  readonly seat: Seat
  readonly #config: Config
  readonly #threads: number
  readonly #arena: ArenaHandle | undefined
  readonly #centre: Partial<{ -readonly [Part in keyof Centre]: Centre[Part] }> = {}
  readonly #limiters = new LentLimiters()
  readonly #roll: Roll
  #crew: Crew | undefined
  #health: HealthOfThreads | undefined

  /** Throws when the memory tier is too small to be shared. */
  constructor(config: Config, clock: Clock) {
    this.#config = config
    this.#threads = config.server.workers + 1
    this.#arena = arenaFor(config, this.#threads)
    this.#roll = createRoll(this.#threads)
    this.seat = this.#seat(clock)
  }

  /** After `muster`. */
  get health(): HealthOfThreads | undefined {
    return this.#health
  }

  muster({ foundation, board: ownBoard, news, current, handle }: HubPorts): Crew {
    const { server } = this.#config
    const { clock, log, version, spawned, audit, tiers, metrics } = foundation
    const { slots, peers, purges } = this.#centre as Centre
    const board = new BoardOfThreads(ownBoard)
    const health = new HealthOfThreads(news)
    const own = health.calls(hubThread)
    foundation.health.onNews({ breaker: own.breakerChanged, origin: own.originChanged })
    const crew = new Crew(server, server.workers, {
      ...{ program, clock, logger: log.logger, current, spawned },
      boot: (thread): WorkerBoot => ({
        ...{ thread, threads: this.#threads, version, started: this.#config, current: current() },
        ...{ arena: this.#arena, slots: slots.handle, roll: this.#roll.memory },
      }),
      calls: (thread, link): HubCalls => ({
        ...answerForwarded(link, handle, createTrace),
        ...tierCalls(tiers),
        ...logCalls(log),
        ...auditCalls(audit ?? { sinks: [], chain: undefined }),
        ...metricsCalls(metrics.registry, thread),
        ...peers.callsOf(thread),
        ...board.calls(thread),
        ...health.calls(thread),
        ...this.#limiters.calls,
        ...denialCalls((this.#centre as Centre).denials),
        wake: (other) => this.#wake(other),
      }),
      opening: (thread, link) => {
        peers.join(thread, link)
        return { purges: purges.join(thread, link) }
      },
      serving: (thread) => purges.serves(thread),
      ended: async (thread) => {
        metrics.registry.ended(thread)
        purges.ended(thread)
        peers.leave(thread)
        board.ended(thread)
        health.ended(thread)
        if (this.#arena !== undefined) repairAfter(thread, this.#arena)
        await slots.forget(thread)
      },
    })
    this.#crew = crew
    this.#health = health
    metrics.registry.beforeScrape(() => refreshWorkers(metrics.registry, crew.links.values(), clock))
    return crew
  }

  #seat(clock: Clock): Seat {
    const centre = this.#centre
    let threadPeers: ThreadPeers | undefined
    return {
      ...soleSeat,
      shareOf: (total) => shareOf(total, this.#threads, hubThread),
      joinPurges: (log: PurgeLog) => {
        centre.purges = new PurgeAnnouncer(log)
        centre.peers = new PeerHub({ clock, isOutdated: (id, startedAt) => log.isOutdated(id, 'unknown', startedAt) })
        threadPeers = new ThreadPeers(calling(centre.peers.callsOf(hubThread)), clock)
      },
      sharedTier: (layer, events) =>
        arenaTier(layer, this.#arena, hubThread, events, (thread) => !this.#roll.isAlive(thread)),
      peers: () => threadPeers,
      lend: (runs) => {
        if (threadPeers !== undefined) centre.peers?.join(hubThread, calling(threadPeers.callsTo(runs)))
      },
      limiter: (settings, { own }) => this.#limiters.lend(limiterName(settings), own()),
      denials: (own) => {
        centre.denials ??= own()
        return centre.denials
      },
      createSlots: (options) => {
        const wake = (thread: number) => this.#wake(thread)
        centre.slots = new HubSlots({ ...options, threads: this.#threads }, { clock, wake })
        return centre.slots
      },
    }
  }

  #wake(thread: number): void {
    if (thread === hubThread) this.#centre.slots?.collect()
    else this.#crew?.linkTo(thread)?.tell('collectSlots', undefined)
  }
}
