/** Prefetching: how buckets are listed, how objects are brought in, and when it has to give way. */

import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { BucketConfig, Config } from '../config/config.ts'
import type { OriginEvents } from '../origin/origin.ts'
import { createS3Listing, type S3Listing } from '../origin/s3-listing.ts'
import type { Route } from '../pipeline/route.ts'
import type { Warmer } from '../pipeline/warm-object.ts'
import { WarmSchedule } from '../warming/schedule.ts'
import { createWarmJobs, type WarmJob, type WarmJobs } from '../warming/warm-jobs.ts'

export interface WarmingPorts {
  readonly clock: Clock
  readonly random: Random
  readonly routes: ReadonlyMap<string, Route>
  readonly warm: Warmer
  readonly pressure: PoolPressure
  ended(job: WarmJob): void
}

export interface Warming {
  readonly jobs: WarmJobs
  /** What the config asks for begins. */
  start(): void
  close(): Promise<void>
}

export function createWarming({ warming, buckets }: Config, ports: WarmingPorts): Warming {
  const { clock, random, routes, warm, pressure, ended } = ports
  const listings = new Map<string, S3Listing>(
    buckets.map((bucket) => [bucket.name, createS3Listing(listingOptions(bucket), { clock })]),
  )
  const jobs = createWarmJobs(warming, {
    ...{ clock, random, ended },
    list: (bucket, prefix, signal) => required(listings, bucket).list(prefix, signal),
    warm: (bucket, key, signal) => warm(required(routes, bucket), key, signal),
    isBusy: () => pressure.isHigh,
  })
  const schedule = new WarmSchedule(warming.onStart, warming.schedule, jobs, clock)
  return {
    jobs,
    start: () => schedule.start(),
    async close() {
      schedule.close()
      await jobs.close()
      await Promise.all([...listings.values()].map((listing) => listing.close()))
    },
  }
}

function listingOptions({ s3 }: BucketConfig) {
  const { bucket, region, endpoint, credentials, forcePathStyle, timeoutMs } = s3
  return { bucket, region, credentials, forcePathStyle, timeoutMs, ...(endpoint !== undefined && { endpoint }) }
}

function required<V>(of: ReadonlyMap<string, V>, bucket: string): V {
  const value = of.get(bucket)
  if (value === undefined) throw new Error(`no bucket ${bucket}`)
  return value
}

/** A request that waited so long found the pool used up. */
const longWaitMs = 5
/** How long one such request counts. */
const pressedMs = 1000

/** Whether requests have had to wait for connections to S3 just now. */
export class PoolPressure {
  readonly #clock: Clock
  #pressedAtMs = Number.NEGATIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get isHigh(): boolean {
    return this.#clock.monotonicMs() - this.#pressedAtMs < pressedMs
  }

  /** The same events, with an eye on who waits. */
  watch(events: OriginEvents): OriginEvents {
    return {
      ...events,
      waited: (bucket, ms) => {
        if (ms >= longWaitMs) this.#pressedAtMs = this.#clock.monotonicMs()
        events.waited(bucket, ms)
      },
    }
  }
}
