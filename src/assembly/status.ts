/** How the proxy is, in one page for administrators. */

import type { AuditSink } from '../audit/audit-sink.ts'
import type { Clock } from '../base/clock.ts'
import type { PurgeLog } from '../cache/purge-log.ts'
import type { RecordStore } from '../cache/tiered-store.ts'
import type { Config } from '../config/config.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { StatusBoard } from '../observe/status-board.ts'
import type { WarmJobs } from '../warming/warm-jobs.ts'
import type { PublicListener } from './listeners.ts'
import type { OriginHealth } from './origin-health.ts'
import type { PoolWaits } from './pool-waits.ts'

export interface StatusParts {
  readonly version: string
  readonly clock: Clock
  readonly board: StatusBoard
  readonly metrics: Metrics
  readonly health: Pick<OriginHealth, 'stateOf'>
  readonly poolWaits: Pick<PoolWaits, 'adviceFor'>
  generation(): { readonly number: number; readonly config: Pick<Config, 'buckets'> }
  readonly store: Pick<RecordStore, 'usage'>
  readonly purges: PurgeLog
  readonly sinks: readonly AuditSink[]
  readonly warming: Pick<WarmJobs, 'list'>
  readonly main: Pick<PublicListener, 'load'>
  /** As `/ready` has it. */
  readiness(): 'ready' | 'degraded' | 'unavailable'
  /** By name; those that there are. */
  addresses(): Readonly<Record<string, string>>
}

export function createStatus(parts: StatusParts): () => Promise<unknown> {
  const { version, clock, board, store, purges, sinks, warming, main } = parts
  const startedMs = clock.monotonicMs()
  const depths = () => new Map(sinks.map(({ name, depth }) => [name as string, { waiting: depth }]))
  const usages = () =>
    new Map(
      store
        .usage()
        .map(([tier, { items, bytes, maxBytes }]) => [tier as string, { items, bytes, max_bytes: maxBytes }]),
    )

  return async () => {
    const [readiness, rows] = [parts.readiness(), board.rows()]
    const { connections, requests } = await main.load()
    return {
      version,
      node: process.version,
      uptime_seconds: Math.floor((clock.monotonicMs() - startedMs) / 1000),
      generation: parts.generation().number,
      ready: readiness !== 'unavailable',
      status: readiness,
      listeners: parts.addresses(),
      connections,
      active_requests: requests,
      origins: joined(rows.origins, originsOf(parts)),
      tiers: joined(rows.tiers, usages()),
      audit: joined(rows.audit, depths()),
      jwks: rows.jwks,
      warm_jobs: warming.list().filter(({ state }) => state === 'running').length,
      purges_in_force: purges.size,
    }
  }
}

function joined(
  rows: Readonly<Record<string, object>>,
  more: ReadonlyMap<string, object>,
): Readonly<Record<string, object>> {
  return Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, { ...row, ...more.get(name) }]))
}

/** How long requests have waited for connections says whether a pool is large enough. */
function originsOf({ generation, metrics, health, poolWaits }: StatusParts): ReadonlyMap<string, object> {
  const { buckets } = generation().config
  const rows = buckets.map(({ name, s3 }) => {
    const { count, sum } = metrics.originPoolWait.read(name)
    const mean = count === 0 ? 0 : Math.round((sum / count) * 1e6) / 1000
    const replicas = s3.replicas.map(({ name: replica, bucket, endpoint = null, connections }) => {
      const breaker = health.stateOf(name, replica)
      return { ...(replica !== '' && { replica }), endpoint, s3_bucket: bucket, connections, breaker }
    })
    const connections = Math.max(...s3.replicas.map((replica) => replica.connections))
    const advice = poolWaits.adviceFor(name, connections) ?? null
    return [name, { replicas, pool: { requests: count, mean_wait_ms: mean, advice } }] as const
  })
  return new Map(rows)
}
