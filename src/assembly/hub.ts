/** The thread that has what all threads of the process share, and looks after those that serve requests. */

import { createTrace } from '../base/trace.ts'
import { ArenaTier } from '../cache/arena/arena-tier.ts'
import { type ArenaHandle, createArena } from '../cache/arena/layout.ts'
import { repairAfter } from '../cache/arena/repair.ts'
import type { CacheTier, StoreEvents } from '../cache/tier.ts'
import type { Config, LayerConfig } from '../config/config.ts'
import type { Handler } from '../http/messages.ts'
import { auditCalls } from '../workers/audit-sink.ts'
import { answerForwarded } from '../workers/forwarding.ts'
import type { Numbered } from '../workers/life-calls.ts'
import { logCalls } from '../workers/log-output.ts'
import { PurgeAnnouncer } from '../workers/purges.ts'
import { tierCalls } from '../workers/remote-tier.ts'
import { Crew } from './crew.ts'
import type { Foundation } from './foundation.ts'
import { type Seat, soleSeat } from './seat.ts'

/** Of the threads that use what is shared; workers follow. */
export const hubThread = 0

/** What a worker begins with: plain values, and memory that is shared. */
export interface WorkerBoot {
  readonly thread: number
  readonly threads: number
  readonly version: string
  readonly current: Numbered
  readonly arena: ArenaHandle | undefined
}

export interface HubPorts {
  readonly foundation: Foundation
  current(): Numbered
  /** Answers what came by none of the hub's own listeners. */
  readonly handle: Handler
}

/** Records are counted by bucket; there may be more of them after a reload. */
const bucketsBeside = 256
const sliceBytes = 1_048_576

export class Hub {
  readonly seat: Seat
  readonly #config: Config
  readonly #threads: number
  readonly #arena: ArenaHandle | undefined

  /** Throws when the memory tier is too small to be shared. */
  constructor(config: Config) {
    this.#config = config
    this.#threads = config.server.workers + 1
    this.#arena = arenaFor(config, this.#threads)
    this.seat = {
      ...soleSeat,
      shareOf: (total) => shareOf(total, this.#threads),
      sharedTier: (layer, events) => memoryTierOf(layer, this.#arena, hubThread, events),
    }
  }

  muster({ foundation, current, handle }: HubPorts): Crew {
    const { server } = this.#config
    const { clock, log, version, spawned, purges, audit } = foundation
    const announcer = new PurgeAnnouncer(purges)
    return new Crew(server, server.workers, {
      ...{ clock, logger: log.logger, current, spawned },
      boot: (thread): WorkerBoot => ({
        ...{ thread, threads: this.#threads, version, current: current(), arena: this.#arena },
      }),
      calls: (_thread, link) => ({
        ...answerForwarded(link, handle, createTrace),
        ...tierCalls(foundation.tiers),
        ...logCalls(log),
        ...auditCalls(audit ?? { sinks: [], chain: undefined }),
      }),
      opening: (thread, link) => ({ purges: announcer.join(thread, link) }),
      ended: (thread) => {
        announcer.ended(thread)
        if (this.#arena !== undefined) repairAfter(thread, this.#arena)
      },
    })
  }
}

/** At least one of anything. */
export function shareOf(total: number, threads: number): number {
  return Math.max(1, Math.floor(total / threads))
}

/** Undefined: the layer is no memory tier. */
export function memoryTierOf(
  layer: LayerConfig,
  arena: ArenaHandle | undefined,
  worker: number,
  events: StoreEvents,
): CacheTier | undefined {
  if (layer.kind !== 'memory' || arena === undefined) return undefined
  return new ArenaTier({ arena, worker, maxItemBytes: layer.options.maxItemBytes }, events)
}

function arenaFor({ layers, buckets }: Config, workers: number): ArenaHandle | undefined {
  const memory = layers.find(({ kind }) => kind === 'memory')
  if (memory?.kind !== 'memory') return undefined
  const { maxBytes } = memory.options
  return createArena({ maxBytes, workers, maxBuckets: buckets.length + bucketsBeside, sliceBytes })
}
