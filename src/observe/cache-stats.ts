/** The cache in numbers for administrators, read from the counters that are there anyway. */

import type { CacheCounts, CacheStats, SavedCounts } from '../admin/ports.ts'
import type { CacheStatus } from '../base/trace.ts'
import type { TierName } from '../base/types.ts'
import type { TierUsage, Usage } from '../cache/tier.ts'
import type { Metrics } from './metrics.ts'
import type { Savings } from './savings.ts'
import type { CounterFamily } from './value-families.ts'

type TierUsages = readonly (readonly [TierName, TierUsage])[]

/** An answer that was confirmed with the origin cost a request there: no hit. */
const hitStatuses: readonly CacheStatus[] = ['hit', 'stale']
const missStatuses: readonly CacheStatus[] = ['miss', 'revalidated']

export class CacheStatsReader {
  readonly #metrics: Metrics
  readonly #savings: Savings
  readonly #usage: () => TierUsages

  constructor(metrics: Metrics, savings: Savings, usage: () => TierUsages) {
    this.#metrics = metrics
    this.#savings = savings
    this.#usage = usage
  }

  /** Of these buckets together. */
  read(buckets: readonly string[]): CacheStats {
    const usages = this.#usage()
    const rows = buckets.map(
      (bucket) => [bucket, { ...this.#bucket(bucket, usages), ...this.#savings.of(bucket) }] as const,
    )
    const counts = rows.map(([, row]) => row)
    const maxBytes = usages.reduce((sum, [, usage]) => sum + usage.maxBytes, 0)
    return {
      total: { ...summed(counts), ...saved(counts), maxBytes },
      tiers: new Map(usages.map(([tier, usage]) => [tier, this.#tier(tier, usage, buckets)])),
      buckets: new Map(rows),
    }
  }

  #bucket(bucket: string, usages: TierUsages): CacheCounts {
    const requests = (statuses: readonly CacheStatus[]) =>
      statuses.reduce((sum, status) => sum + this.#metrics.httpDuration.read(bucket, status).count, 0)
    return {
      hits: requests(hitStatuses),
      misses: requests(missStatuses),
      evictions: usages.reduce((sum, [tier]) => sum + this.#evictions(bucket, tier), 0),
      ...together(usages.map(([, usage]) => usage.buckets.get(bucket) ?? nothing)),
      maxBytes: 0,
      ...(usages.some(([, { isEstimate }]) => isEstimate) && { isEstimate: true }),
    }
  }

  #tier(tier: TierName, usage: TierUsage, buckets: readonly string[]): CacheCounts {
    const sum = (family: CounterFamily<string>) =>
      buckets.reduce((count, bucket) => count + family.read(bucket, tier), 0)
    return {
      hits: sum(this.#metrics.cacheHits),
      misses: sum(this.#metrics.cacheMisses),
      evictions: buckets.reduce((count, bucket) => count + this.#evictions(bucket, tier), 0),
      ...together(buckets.map((bucket) => usage.buckets.get(bucket) ?? nothing)),
      maxBytes: usage.maxBytes,
      ...(usage.isEstimate && { isEstimate: true }),
    }
  }

  #evictions(bucket: string, tier: TierName): number {
    const { cacheEvictions } = this.#metrics
    return cacheEvictions.read(bucket, tier, 'size') + cacheEvictions.read(bucket, tier, 'expired')
  }
}

const nothing: Usage = { items: 0, bytes: 0 }

function together(usages: readonly Usage[]): Usage {
  return {
    items: usages.reduce((sum, { items }) => sum + items, 0),
    bytes: usages.reduce((sum, { bytes }) => sum + bytes, 0),
  }
}

function saved(rows: readonly SavedCounts[]): SavedCounts {
  const sum = totalling(rows)
  return {
    requestsAvoided: sum((row) => row.requestsAvoided),
    bytesAvoided: sum((row) => row.bytesAvoided),
    dollarsSaved: sum((row) => row.dollarsSaved),
    dollarsSpent: sum((row) => row.dollarsSpent),
  }
}

function totalling<Row>(rows: readonly Row[]): (of: (row: Row) => number) => number {
  return (of) => rows.reduce((count, row) => count + of(row), 0)
}

function summed(rows: readonly CacheCounts[]): Omit<CacheCounts, 'maxBytes'> {
  const sum = totalling(rows)
  return {
    hits: sum((row) => row.hits),
    misses: sum((row) => row.misses),
    evictions: sum((row) => row.evictions),
    items: sum((row) => row.items),
    bytes: sum((row) => row.bytes),
    ...(rows.some(({ isEstimate }) => isEstimate) && { isEstimate: true }),
  }
}
