/** Figures that several phases are held to. */
import type { Figures } from '../rig/figures.ts'
import { LatencyHistogram } from '../rig/latency-histogram.ts'
import { together } from '../rig/load-drivers.ts'
import type { Outcome } from '../rig/mix.ts'
import type { Reading } from '../rig/reader-crowd.ts'
import type { RequestResult } from '../rig/request-crowd.ts'
import { median } from '../rig/summary.ts'

export const MB = 2 ** 20
/** Of all requests. */
const mostErrors = 0.001
/** Of what was resident at the beginning of the time that is judged. */
const mostGrowth = 0.1
/** What is before is filling caches and finding a size; of half an hour, its first five minutes. */
const [settledAfter, windowShare] = [1 / 6, 1 / 30]

export function requestsOf({ results }: Outcome): RequestResult {
  return together(results.filter((result) => result.kind === 'requests'))
}

export function readingsOf({ results }: Pick<Outcome, 'results'>): readonly Reading[] {
  return results.flatMap((result) => (result.kind === 'readers' ? result.readings : []))
}

/** All latencies, and how late the clients themselves were: what is left is the proxy's, and the machine's. */
export function judgeRequests(outcome: Outcome, figures: Figures): RequestResult {
  const result = requestsOf(outcome)
  const late = LatencyHistogram.of(result.lateMs)
  figures.tell('requests', result.requests)
  figures.tell('origin requests', outcome.origin.requests)
  figures.tell('CPU per request', (outcome.cpuSeconds * 1e6) / result.requests, 'µs')
  figures.tell('requests that left late by the clients themselves, p95', late.percentile(0.95), 'ms')
  figures.tell(
    'time that the proxy waited for its core, of all',
    (outcome.coreWaitSeconds / outcome.seconds) * 100,
    '%',
  )
  figures.tell('connections opened anew', result.reopened)
  figures.under('failed, of all', (result.errors / result.requests) * 100, mostErrors * 100, '%')
  figures.atMost('wrong answers', result.wrong, 0)
  for (const problem of result.problems.slice(0, 5)) process.stdout.write(`      ${problem}\n`)
  return result
}

/** Over both hits and misses. */
export function allLatencies({ hitMs, missMs }: RequestResult): LatencyHistogram {
  return LatencyHistogram.of([...hitMs, ...missMs])
}

/** Half an hour is judged from minute 5 to the end, by the medians of a minute at either end; shorter runs in proportion. */
export function judgeGrowth({ memory, seconds }: Outcome, figures: Figures): void {
  const around = (fromShare: number) => {
    const rows = memory.filter(([at]) => at >= fromShare * seconds && at <= (fromShare + windowShare) * seconds)
    return median(rows.map(([, bytes]) => bytes))
  }
  const [early, late] = [around(settledAfter), around(1 - windowShare)]
  figures.tell('resident once settled', early / MB, 'MB')
  figures.tell('resident at the end', late / MB, 'MB')
  figures.under('growth since', (late / early - 1) * 100, mostGrowth * 100, '%')
}
