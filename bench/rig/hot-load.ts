/** The load of every scenario on objects that are in the cache: wrk for throughput and CPU, then a fixed rate for latency. */
import { type CheckedRequest, pacedLoad } from './load.ts'
import { benchObject } from './object-content.ts'
import { defaultCache, loadMetrics, measure, type Sample, type Scenario, spotCheck, type Target } from './scenario.ts'
import type { Setup } from './servers.ts'
import { percentile } from './summary.ts'
import { runWrk } from './wrk.ts'

export interface HotOptions {
  readonly name: string
  readonly question: string
  readonly size: number
  /** How many objects the requests walk through; together they fit every cache. */
  readonly objects: number
  /** Arrivals a second in the open-loop part: well below what the slowest server does. */
  readonly rate: number
  /** Ask with the object's own ETag, so that every answer is a 304. */
  readonly isConditional?: boolean
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>
  readonly tier?: 'disk'
  readonly setup?: Setup
  readonly rivals?: readonly string[]
}

const connections = 50
const warmUpSeconds = 1
/** Once per server, before the first round: compilers and allocators need more than a second. */
const firstWarmUpSeconds = 3
const closedSeconds = 3
const pacedSeconds = 2

export function hotScenario(options: HotOptions): Scenario {
  return {
    name: options.name,
    question: options.question,
    load:
      `${options.objects} object${options.objects === 1 ? '' : 's'} of ${options.size} bytes; requests/s and CPU: wrk, ` +
      `closed loop, ${connections} connections, ${closedSeconds} s after ${warmUpSeconds} s of warm-up; ` +
      `p50 and p99: open loop, ${options.rate} arrivals/s for ${pacedSeconds} s, every byte checked`,
    cache: options.tier === undefined ? defaultCache : { ...defaultCache, tier: options.tier },
    ...(options.setup && { setup: options.setup }),
    ...(options.rivals && { rivals: options.rivals }),
    async prepare(target) {
      for (const request of requests(options)) {
        await spotCheck(target, { ...request, headers: options.headers ?? {}, status: 200, end: request.object.size })
      }
      const { size, objects, headers } = options
      await runWrk(target, { size, objects, connections, seconds: firstWarmUpSeconds }, headers)
    },
    run: (target) => runHot(target, options),
  }
}

async function runHot(target: Target, options: HotOptions): Promise<Sample> {
  const checked = requests(options)
  const [first] = checked
  if (first === undefined) throw new Error(`${options.name}: no objects`)
  await spotCheck(target, first)
  const shape = { size: options.size, objects: options.objects, connections }
  await runWrk(target, { ...shape, seconds: warmUpSeconds }, first.headers)
  const [closed, usage] = await measure(target, () =>
    runWrk(target, { ...shape, seconds: closedSeconds }, first.headers),
  )
  let turn = 0
  const next = () => checked[turn++ % checked.length] ?? first
  const { port, isTls } = target.server
  const [paced, pacedUsage] = await measure(target, () =>
    pacedLoad({ port, isTls, connections, seconds: pacedSeconds, rate: options.rate, next }),
  )
  const problems = closed.errors === 0 ? [] : [`wrk counted ${closed.errors} errors`]
  return {
    metrics: {
      ...loadMetrics(closed, usage),
      requestsPerSecond: closed.requests / closed.seconds,
      pacedCpuMicros: pacedUsage.cpuMicros / Math.max(1, paced.requests),
      p50Ms: percentile(paced.latenciesMs, 0.5),
      p99Ms: percentile(paced.latenciesMs, 0.99),
      errors: closed.errors + paced.problems.length,
      originPerRequest:
        (usage.originRequests + pacedUsage.originRequests) / Math.max(1, closed.requests + paced.requests),
    },
    problems: [...problems, ...paced.problems],
  }
}

function requests(options: HotOptions): CheckedRequest[] {
  return Array.from({ length: options.objects }, (_, index) => {
    const object = benchObject(options.size, index + 1)
    return options.isConditional === true
      ? { object, headers: { ...options.headers, 'If-None-Match': object.etag }, status: 304, start: 0, end: 0 }
      : { object, ...(options.headers && { headers: options.headers }), status: 200, start: 0, end: object.size }
  })
}
