/** What does a small cached object wait for at a given rate of arrivals? One scenario for each rate. */
import { pacedLoad, wholeObject } from '../rig/load.ts'
import { benchObject } from '../rig/object-content.ts'
import { defaultCache, loadMetrics, measure, type Sample, type Scenario, type Target } from '../rig/scenario.ts'
import { percentile } from '../rig/summary.ts'
import { runWrk } from '../rig/wrk.ts'

export const rates: readonly number[] = [1_000, 2_500, 5_000, 7_500, 10_000, 15_000, 20_000]
const connections = 50
const warmUpSeconds = 1
const firstWarmUpSeconds = 3
const seconds = 4
const objects = Array.from({ length: 100 }, (_, index) => benchObject(1024, index + 1))

export function rate1k(rate: number): Scenario {
  return {
    name: `rate-1k-${rate}`,
    question: `What does a cached 1 KiB object wait for at ${rate} requests a second?`,
    load:
      `${objects.length} objects of 1024 bytes, open loop, ${rate} arrivals/s on ${connections} connections for ` +
      `${seconds} s after ${warmUpSeconds} s of warm-up, every byte checked`,
    cache: defaultCache,
    async prepare(target) {
      await runWrk(target, { size: 1024, objects: objects.length, connections, seconds: firstWarmUpSeconds })
    },
    run: (target) => runRate(target, rate),
  }
}

async function runRate(target: Target, rate: number): Promise<Sample> {
  const { port, isTls } = target.server
  let turn = 0
  const next = () => wholeObject(objects[turn++ % objects.length] ?? benchObject(1024, 1))
  const shape = { port, isTls, connections, rate, next }
  await pacedLoad({ ...shape, seconds: warmUpSeconds })
  const [paced, usage] = await measure(target, () => pacedLoad({ ...shape, seconds }))
  return {
    metrics: {
      ...loadMetrics(paced, usage),
      offeredRate: rate,
      requestsPerSecond: paced.requests / paced.seconds,
      p50Ms: percentile(paced.latenciesMs, 0.5),
      p95Ms: percentile(paced.latenciesMs, 0.95),
      p99Ms: percentile(paced.latenciesMs, 0.99),
      clientLateMs: percentile(paced.lateMs, 0.99),
      errors: paced.problems.length,
    },
    problems: paced.problems,
  }
}
