/** Load by our own client, which checks every byte: full speed for throughput and CPU, then a fixed rate for latency. */
import { type CheckedRequest, closedLoad, pacedLoad } from './load.ts'
import { loadMetrics, measure, type Sample, type Target } from './scenario.ts'
import { percentile } from './summary.ts'

export interface CheckedOptions {
  readonly connections: number
  /** Arrivals a second in the open-loop part. */
  readonly rate: number
  next(): CheckedRequest
}

const warmUpSeconds = 1
/** Once per server, before the first round: compilers and allocators need more than a second. */
const firstWarmUpSeconds = 3
const closedSeconds = 3
const pacedSeconds = 2

export function describeChecked(options: Pick<CheckedOptions, 'connections' | 'rate'>): string {
  return (
    `requests/s and CPU: closed loop, ${options.connections} connections, ${closedSeconds} s after ${warmUpSeconds} s of ` +
    `warm-up; p50 and p99: open loop, ${options.rate} arrivals/s for ${pacedSeconds} s; every byte checked`
  )
}

/** For a scenario's `prepare`. */
export async function warmUp(target: Target, options: CheckedOptions): Promise<void> {
  const { port, isTls } = target.server
  const { problems } = await closedLoad({ port, isTls, ...options, seconds: firstWarmUpSeconds })
  if (problems.length > 0) throw new Error(`${target.server.name}: ${problems[0]}`)
}

export async function runChecked(target: Target, options: CheckedOptions): Promise<Sample> {
  const { port, isTls } = target.server
  const shape = { port, isTls, ...options }
  await closedLoad({ ...shape, seconds: warmUpSeconds })
  const [closed, usage] = await measure(target, () => closedLoad({ ...shape, seconds: closedSeconds }))
  const [paced, pacedUsage] = await measure(target, () => pacedLoad({ ...shape, seconds: pacedSeconds }))
  const problems = [...closed.problems, ...paced.problems]
  const requests = closed.requests + paced.requests
  return {
    metrics: {
      ...loadMetrics(closed, usage),
      requestsPerSecond: closed.requests / closed.seconds,
      pacedCpuMicros: pacedUsage.cpuMicros / Math.max(1, paced.requests),
      p50Ms: percentile(paced.latenciesMs, 0.5),
      p99Ms: percentile(paced.latenciesMs, 0.99),
      originPerRequest: (usage.originRequests + pacedUsage.originRequests) / Math.max(1, requests),
      errors: problems.length,
    },
    problems,
  }
}
