/** One kind of load on the proxy, from its start to its figures. */
import { s3At, startProxy } from './failure-stage.ts'
import type { Figures } from './figures.ts'
import type { LoadPlan, LoadResult } from './load-driver.ts'
import { LoadDrivers } from './load-drivers.ts'
import { coreWaitMicros, cpuMicros, memoryBytes, peakMemoryBytes, resetPeakMemory } from './proc-stat.ts'
import { startOrigin, type Traffic } from './servers.ts'
import type { Session } from './session.ts'

export interface Extent {
  readonly seconds: number
  /** 1: the mix as it is stated. Less: so much of its connections, rate and readers. */
  readonly scale: number
}

export interface Mix {
  readonly name: string
  readonly question: string
  readonly seconds: number
  readonly originLatencyMs: number
  /** The proxy's memory tier. */
  readonly cacheMb: number
  /** What the proxy and its clients may open; absent: what they may anyway. */
  readonly openFiles?: number
  /** One process of clients for each. */
  plans(port: number, extent: Extent): LoadPlan[]
  judge(outcome: Outcome, figures: Figures): void
}

export interface Outcome {
  readonly results: readonly LoadResult[]
  /** While the load ran, what came to the origin. */
  readonly origin: Traffic
  /** Seconds since the load began, and what was resident then. */
  readonly memory: readonly (readonly [atSeconds: number, bytes: number])[]
  readonly peakMemoryBytes: number
  readonly cpuSeconds: number
  /** How long it could have run, but others had its core. */
  readonly coreWaitSeconds: number
  readonly seconds: number
  readonly poolWaits: { readonly all: number; readonly overOneSecond: number; readonly seconds: number }
}

/** Half an hour is read once a second; short runs more often, so that a thirtieth of them has readings of its own. */
const memoryReadings = 200

/** Starts everything anew and stops it at the end. */
export async function runMix(session: Session, mix: Mix, extent: Extent): Promise<Outcome> {
  const { openFiles } = mix
  const wrapped =
    openFiles === undefined ? openFiles : { command: 'prlimit', args: [`--nofile=${openFiles}:${openFiles}`] }
  const origin = await startOrigin(session, mix.originLatencyMs)
  const config = {
    cache: { enabled: true, memory: { max_cache_size_mb: mix.cacheMb } },
    buckets: [{ name: 'bench', path_prefix: '/bucket', s3: s3At(`http://127.0.0.1:${origin.port}`) }],
  }
  const proxy = await startProxy(session, config, [], wrapped)
  const drivers = new LoadDrivers(session, mix.plans(proxy.port, extent), wrapped)
  await drivers.open()

  const poolWaits = async () => {
    const [name, bucket] = ['yatagarasu_origin_pool_wait_seconds', 'bucket="bench"']
    const all = await proxy.metric(`${name}_count`, bucket)
    const overOneSecond = all - (await proxy.metric(`${name}_bucket`, 'le="1.0"'))
    return { all, overOneSecond, seconds: await proxy.metric(`${name}_sum`, bucket) }
  }
  const { pid } = proxy.started
  const [before, waitsBefore] = [await origin.traffic(), await poolWaits()]
  const [cpuBefore, coreWaitBefore] = [cpuMicros(pid), coreWaitMicros(pid)]
  resetPeakMemory(pid)
  const startMs = performance.now()
  const secondsSince = () => (performance.now() - startMs) / 1000
  const memory: [number, number][] = []
  const memoryEveryMs = Math.min(1000, (extent.seconds * 1000) / memoryReadings)
  const watch = setInterval(() => memory.push([secondsSince(), memoryBytes(pid)]), memoryEveryMs)
  const results = await drivers.run().finally(() => clearInterval(watch))
  const [seconds, after, waitsAfter] = [secondsSince(), await origin.traffic(), await poolWaits()]
  const outcome = {
    results,
    origin: { requests: after.requests - before.requests, bytes: after.bytes - before.bytes },
    memory,
    peakMemoryBytes: peakMemoryBytes(pid),
    cpuSeconds: (cpuMicros(pid) - cpuBefore) / 1e6,
    coreWaitSeconds: (coreWaitMicros(pid) - coreWaitBefore) / 1e6,
    seconds,
    poolWaits: {
      all: waitsAfter.all - waitsBefore.all,
      overOneSecond: waitsAfter.overOneSecond - waitsBefore.overOneSecond,
      seconds: waitsAfter.seconds - waitsBefore.seconds,
    },
  }
  await Promise.all([session.stop(proxy.started), origin.stop(), drivers.stop()])
  return outcome
}
