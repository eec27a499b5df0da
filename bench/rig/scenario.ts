/** What a scenario is, and how one measured piece of work becomes numbers. */
import { HttpConnection } from './http-connection.ts'
import { type CheckedRequest, type LoadResult, requestChecked } from './load.ts'
import type { MetricName } from './metrics.ts'
import { cpuMicros, peakMemoryBytes, resetPeakMemory } from './proc-stat.ts'
import type { CacheSize, RunningOrigin, RunningServer, Setup } from './servers.ts'
import type { Session } from './session.ts'

export type Metrics = Readonly<Partial<Record<MetricName, number>>>

/** One round of one scenario on one server. */
export interface Sample {
  readonly metrics: Metrics
  /** Failed requests, wrong bytes among them; any makes the whole run fail. */
  readonly problems: readonly string[]
}

export interface Target {
  readonly session: Session
  readonly server: RunningServer
  readonly origin: RunningOrigin
}

export interface Scenario {
  readonly name: string
  /** The one question it answers. */
  readonly question: string
  /** The load in one line, each number labelled as closed or open loop. */
  readonly load: string
  readonly cache: CacheSize
  readonly setup?: Setup
  /** Names of the servers it is measured beside; those of every scenario, unless said. */
  readonly rivals?: readonly string[]
  /** Once per server, unmeasured. */
  prepare?(target: Target): Promise<void>
  /** `round` counts from 0 and may choose keys that nobody has seen yet. */
  run(target: Target, round: number): Promise<Sample>
}

export const defaultCache: CacheSize = { cacheMb: 1024, maxItemMb: 10 }

export interface Usage {
  readonly seconds: number
  readonly cpuMicros: number
  readonly peakMemoryBytes: number
  readonly originRequests: number
  readonly originBytes: number
}

/** Does the work and tells what it cost the server and the origin. */
export async function measure<T>({ server, origin }: Target, work: () => Promise<T>): Promise<[T, Usage]> {
  server.trimLogs()
  resetPeakMemory(server.pid)
  const trafficBefore = await origin.traffic()
  const cpuBefore = cpuMicros(server.pid)
  const startedAt = performance.now()
  const result = await work()
  const seconds = (performance.now() - startedAt) / 1_000
  const cpuAfter = cpuMicros(server.pid)
  const trafficAfter = await origin.traffic()
  const usage = {
    seconds,
    cpuMicros: cpuAfter - cpuBefore,
    peakMemoryBytes: peakMemoryBytes(server.pid),
    originRequests: trafficAfter.requests - trafficBefore.requests,
    originBytes: trafficAfter.bytes - trafficBefore.bytes,
  }
  return [result, usage]
}

/** What every scenario reports of its measured load. */
export function loadMetrics(load: Pick<LoadResult, 'requests' | 'bytes'>, usage: Usage): Metrics {
  return {
    requests: load.requests,
    bytes: load.bytes,
    cpuMicros: usage.cpuMicros / Math.max(1, load.requests),
    busyShare: usage.cpuMicros / 1e6 / usage.seconds,
  }
}

/** One request whose answer has to be right; a scenario whose server cannot even do that fails at once. */
export async function spotCheck({ server }: Target, request: CheckedRequest): Promise<void> {
  const connection = new HttpConnection(server.port, server)
  try {
    await requestChecked(connection, request)
  } catch (error) {
    throw new Error(`${server.name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  } finally {
    connection.close()
  }
}
