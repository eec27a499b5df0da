/** Warming jobs over a scripted bucket and a clock turned by hand. */

import type { PaceOptions } from '../../../src/warming/pace.ts'
import type { Warmed, WarmJob, WarmJobs, WarmPorts } from '../../../src/warming/warm-jobs.ts'
import { createWarmJobs } from '../../../src/warming/warm-jobs.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { createFakeRandom } from '../../support/fake-random.ts'

export interface Call {
  readonly key: string
  readonly atMs: number
  readonly signal: AbortSignal
  /** Ends it. */
  finish(outcome?: Warmed): void
  fail(error: Error): void
}

export interface WarmStage {
  readonly clock: FakeClock
  readonly jobs: WarmJobs
  /** Objects under way and those that are through, in order of their beginning. */
  readonly calls: readonly Call[]
  readonly ended: readonly WarmJob[]
  /** Keys the listing has handed out. */
  listed: number
  isBusy: boolean
}

export interface WarmSettings extends Partial<PaceOptions> {
  /** What the bucket holds, by prefix; then the listing fails when it has an error. */
  readonly keys?: readonly string[]
  readonly listingError?: Error
  /** Absent: the test ends each call by hand. */
  readonly outcome?: (key: string, tries: number) => Warmed | Error
}

export const fetched: Warmed = { kind: 'fetched', bytes: 10 }

export function warmStage(settings: WarmSettings = {}): WarmStage {
  const { keys = [], listingError, outcome, ...pace } = settings
  const clock = new FakeClock()
  const calls: Call[] = []
  const ended: WarmJob[] = []
  const stage = { clock, calls, ended, listed: 0, isBusy: false }

  const ports: WarmPorts = {
    clock,
    random: createFakeRandom([0.999]),
    async *list(_bucket, prefix, signal) {
      for (const key of keys.filter((one) => one.startsWith(prefix))) {
        signal.throwIfAborted()
        stage.listed += 1
        yield { key }
      }
      if (listingError !== undefined) throw listingError
    },
    warm(_bucket, key, signal) {
      const { promise, resolve, reject } = Promise.withResolvers<Warmed>()
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      const call = { key, atMs: clock.monotonicMs(), signal, finish: (end = fetched) => resolve(end), fail: reject }
      calls.push(call)
      const end = outcome?.(key, calls.filter((one) => one.key === key).length)
      if (end instanceof Error) call.fail(end)
      else if (end !== undefined) call.finish(end)
      return promise
    },
    isBusy: () => stage.isBusy,
    ended: (job) => ended.push(job),
  }
  const jobs = createWarmJobs({ concurrency: 4, requestsPerSecond: 1000, ...pace }, ports)
  return Object.assign(stage, { jobs })
}

export const numbered = (count: number, prefix = 'k'): string[] =>
  Array.from({ length: count }, (_, at) => `${prefix}${at}`)
