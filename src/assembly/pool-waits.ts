/** How long requests have waited for connections lately, and whether more connections would help. */

import type { Clock } from '../base/clock.ts'
import type { Observed } from '../observe/histogram-family.ts'
import type { Metrics } from '../observe/metrics.ts'

type Waits = Pick<Metrics, 'originPoolWait'>

interface Sample {
  readonly atMs: number
  readonly byBucket: ReadonlyMap<string, Observed>
}

const windowMs = 60_000
const sampleEveryMs = 5000
/** As long as some requests to S3 take: a pool that is not used up has connections within microseconds. */
const longWaitMs = 5
/** Fewer say nothing. */
const fewRequests = 10

const none: Observed = { count: 0, sum: 0 }

export class PoolWaits {
  readonly #clock: Clock
  readonly #metrics: Waits
  /** The first of them is as old as the window, or the process. */
  readonly #samples: Sample[]
  readonly #stop: () => void

  /** `metrics`: of all threads. */
  constructor(clock: Clock, metrics: Waits) {
    this.#clock = clock
    this.#metrics = metrics
    this.#samples = [this.#read()]
    this.#stop = clock.repeat(sampleEveryMs, () => this.#sample())
  }

  /** What to do about a bucket's pool that has so many connections. Undefined: nothing. */
  adviceFor(bucket: string, connections: number): string | undefined {
    const [oldest] = this.#samples
    const before = oldest?.byBucket.get(bucket) ?? none
    const now = this.#metrics.originPoolWait.read(bucket)
    const count = now.count - before.count
    const waitedMs = (now.sum - before.sum) * 1000
    if (count < fewRequests || waitedMs / count < longWaitMs) return undefined
    // Little's law: so many waited at a time.
    const spanMs = Math.max(1, this.#clock.monotonicMs() - (oldest?.atMs ?? 0))
    const wanted = connections + Math.max(1, Math.ceil(waitedMs / spanMs))
    const mean = Math.round(waitedMs / count)
    return `raise s3.connection_pool_size from ${connections} to ${wanted}: requests waited ${mean} ms on average in the last minute`
  }

  close(): void {
    this.#stop()
  }

  #sample(): void {
    const sample = this.#read()
    this.#samples.push(sample)
    while ((this.#samples[1]?.atMs ?? sample.atMs) <= sample.atMs - windowMs) this.#samples.shift()
  }

  #read(): Sample {
    const readings = [...this.#metrics.originPoolWait.readings()]
    return {
      atMs: this.#clock.monotonicMs(),
      byBucket: new Map(readings.map(({ labels, ...waited }) => [labels.bucket, waited])),
    }
  }
}
