/** Prefetching: how buckets are listed, how objects are brought in, and when it has to give way. */

import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { WarmingConfig } from '../config/config.ts'
import type { OriginEvents } from '../origin/origin.ts'
import type { S3Listing } from '../origin/s3-listing.ts'
import type { Route } from '../pipeline/route.ts'
import type { Warmer } from '../pipeline/warm-object.ts'
import { WarmSchedule } from '../warming/schedule.ts'
import { createWarmJobs, type WarmJob, type WarmJobs } from '../warming/warm-jobs.ts'

export interface WarmingPorts {
  readonly clock: Clock
  readonly random: Random
  readonly warm: Warmer
  readonly pressure: PoolPressure
  /** By the configuration of the moment. Throws when there is no such bucket any more. */
  routeOf(bucket: string): Route
  listingOf(bucket: string): S3Listing
  ended(job: WarmJob): void
}

/** Jobs outlive the configuration that ordered them; the schedule is that of the moment. */
export class Warming {
  readonly jobs: WarmJobs
  readonly #clock: Clock
  #schedule: WarmSchedule | undefined

  constructor(options: WarmingConfig, ports: WarmingPorts) {
    const { clock, random, warm, pressure, ended } = ports
    this.#clock = clock
    this.jobs = createWarmJobs(options, {
      ...{ clock, random, ended },
      list: (bucket, prefix, signal) => ports.listingOf(bucket).list(prefix, signal),
      warm: (bucket, key, signal) => warm(ports.routeOf(bucket), key, signal),
      isBusy: () => pressure.isHigh,
    })
  }

  /** At the start of the process. */
  start({ onStart, schedule }: Pick<WarmingConfig, 'onStart' | 'schedule'>): void {
    this.#schedule = new WarmSchedule(onStart, schedule, this.jobs, this.#clock)
    this.#schedule.start()
  }

  reschedule({ schedule }: WarmingConfig): void {
    this.#schedule?.close()
    this.start({ onStart: [], schedule })
  }

  async close(): Promise<void> {
    this.#schedule?.close()
    await this.jobs.close()
  }
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
