/** When warming begins by itself: at the start, and by cron expressions. All times are UTC. */

import { Cron } from 'croner'
import type { Clock } from '../base/clock.ts'
import type { EpochMs } from '../base/types.ts'
import type { WarmJobs } from './warm-jobs.ts'

export interface WarmTarget {
  readonly bucket: string
  /** Empty: all of the bucket. */
  readonly prefix: string
}

export interface ScheduledTarget extends WarmTarget {
  readonly cron: string
}

/** Why this is no cron expression of five fields, or of six beginning with seconds. Undefined: it is one, and its time comes. */
export function cronProblem(text: string): string | undefined {
  // The library takes dates and words such as @daily too.
  const fields = text.trim().split(/\s+/).length
  if (text.trim() === '' || fields < 5 || fields > 6) return 'must have five fields, or six beginning with seconds'
  try {
    return nextRun(text, 0 as EpochMs) === undefined ? 'names a date that never comes' : undefined
  } catch (error) {
    return `is no cron expression: ${error instanceof Error ? error.message.replace(/^CronPattern: /, '') : error}`
  }
}

/** The first run later than `after`; undefined when there is none. Throws for what `cronProblem` objects to. */
export function nextRun(cron: string, after: EpochMs): EpochMs | undefined {
  const next = new Cron(cron, { timezone: 'UTC', mode: '5-or-6-parts', paused: true }).nextRun(new Date(after))
  return next === null ? undefined : (next.getTime() as EpochMs)
}

/** As long as the clock is left to itself at most; somebody may set it. */
const lookEveryMs = 60_000

export class WarmSchedule {
  readonly #onStart: readonly WarmTarget[]
  readonly #entries: readonly { readonly target: ScheduledTarget; jobId: string | undefined }[]
  readonly #jobs: WarmJobs
  readonly #clock: Clock
  #lookedAt: EpochMs
  #callOff: (() => void) | undefined

  /** `schedule`: with expressions that `cronProblem` has no objections to. */
  constructor(onStart: readonly WarmTarget[], schedule: readonly ScheduledTarget[], jobs: WarmJobs, clock: Clock) {
    this.#onStart = onStart
    this.#entries = schedule.map((target) => ({ target, jobId: undefined }))
    this.#jobs = jobs
    this.#clock = clock
    this.#lookedAt = clock.now()
  }

  /** To be called once. */
  start(): void {
    for (const target of this.#onStart) this.#order(target)
    this.#lookedAt = this.#clock.now()
    this.#wait()
  }

  /** Nothing begins any more. What has begun goes on. */
  close(): void {
    this.#callOff?.()
    this.#callOff = undefined
  }

  /**
   * Whatever lies between the last look and this one is due, once however often it would have been. Where the clock was set
   * back nothing lies between them.
   */
  #look(): void {
    const now = this.#clock.now()
    for (const entry of this.#entries) {
      const next = nextRun(entry.target.cron, this.#lookedAt)
      if (next === undefined || next > now || this.#isRunning(entry.jobId)) continue
      entry.jobId = this.#order(entry.target)
    }
    this.#lookedAt = now
    this.#wait()
  }

  #wait(): void {
    if (this.#entries.length === 0) return
    const now = this.#clock.now()
    let waitMs = lookEveryMs
    for (const { target } of this.#entries) {
      const next = nextRun(target.cron, now)
      if (next !== undefined) waitMs = Math.min(waitMs, next - now)
    }
    this.#callOff = this.#clock.alarm(waitMs, () => this.#look())
  }

  #isRunning(jobId: string | undefined): boolean {
    return jobId !== undefined && this.#jobs.get(jobId)?.state === 'running'
  }

  #order({ bucket, prefix }: WarmTarget): string {
    return this.#jobs.start({ bucket, keys: { prefix }, limit: undefined }).id
  }
}
