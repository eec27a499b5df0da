/** Prefetching: jobs that bring objects into the cache before anybody asks for them. */

import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { EpochMs } from '../base/types.ts'
import { Pace, type PaceOptions } from './pace.ts'
import { WarmRun } from './warm-run.ts'

export interface WarmOrder {
  /** A bucket's name. */
  readonly bucket: string
  readonly keys: { readonly prefix: string } | { readonly list: readonly string[] }
  /** So many objects at most. */
  readonly limit: number | undefined
}

export interface WarmJob {
  readonly id: string
  readonly bucket: string
  readonly state: 'running' | 'done' | 'cancelled' | 'failed'
  readonly startedAt: EpochMs
  readonly endedAt: EpochMs | undefined
  /** Objects found so far; final when the listing is over. */
  readonly found: number
  readonly isListed: boolean
  readonly fetched: number
  /** In the cache and fresh already. */
  readonly skipped: number
  readonly missing: number
  readonly failed: number
  readonly bytes: number
  /** What went wrong last, in words without secrets. */
  readonly lastError: string | undefined
}

export interface WarmJobs {
  /** Starts at once, behind those already running. */
  start(order: WarmOrder): WarmJob
  /** As it is now. Undefined: there never was one, or it ended long ago. */
  get(id: string): WarmJob | undefined
  /** What is under way is called off. Undefined as above. */
  cancel(id: string): WarmJob | undefined
  /** Newest first. */
  list(): readonly WarmJob[]
  /** Cancels all. */
  close(): Promise<void>
}

/** What came of one object. */
export type Warmed =
  | { readonly kind: 'fetched'; readonly bytes: number }
  | { readonly kind: 'fresh' }
  | { readonly kind: 'missing' }
  /** It was had, and not kept: why is in the origin's answer or in the settings. */
  | { readonly kind: 'not-stored' }

export interface WarmPorts {
  readonly clock: Clock
  readonly random: Random
  /** Rejects when the listing fails or is called off. */
  list(bucket: string, prefix: string, signal: AbortSignal): AsyncIterable<{ readonly key: string }>
  /** Rejects when it fails or is called off. */
  warm(bucket: string, key: string, signal: AbortSignal): Promise<Warmed>
  /** Users' requests need what there is of connections: jobs have to give way. */
  isBusy(): boolean
  /** Told once of each job. */
  ended(job: WarmJob): void
}

/** Each holds a page of a listing, or a list as long as an order may be. */
const maxRunning = 100
const maxEnded = 100

/** One more job than may run is not begun: it has failed, and says why. */
export function createWarmJobs(options: PaceOptions, ports: WarmPorts): WarmJobs {
  const pace = new Pace(options, ports.clock, () => ports.isBusy())
  /** In order of their start. */
  const runs = new Map<string, WarmRun>()
  const endedIds: string[] = []
  let isClosed = false

  function ended(job: WarmJob): void {
    endedIds.push(job.id)
    if (endedIds.length > maxEnded) runs.delete(endedIds.shift() ?? '')
    ports.ended(job)
  }

  return {
    start(order) {
      const run = new WarmRun(order.bucket, pace, { ...ports, ended })
      const running = runs.size - endedIds.length
      runs.set(run.id, run)
      if (isClosed) run.refuse('the proxy is shutting down')
      else if (running >= maxRunning) run.refuse(`there are ${running} jobs running already`)
      else run.begin(order)
      return run.job
    },
    get: (id) => runs.get(id)?.job,
    cancel(id) {
      const run = runs.get(id)
      run?.cancel()
      return run?.job
    },
    list: () => [...runs.values()].reverse().map((run) => run.job),
    async close() {
      isClosed = true
      const all = [...runs.values()]
      for (const run of all) run.cancel()
      await Promise.all(all.map((run) => run.settled))
    },
  }
}
