/** Events of the rooms that never log, turned into metrics and log lines. */

import type { BreakerState } from '../base/breaker.ts'
import type { Clock } from '../base/clock.ts'
import type { StoreEvents, TierEvents, TierUsage } from '../cache/tier.ts'
import type { OriginEvents } from '../origin/origin.ts'
import type { RedisEvents } from '../redis/client.ts'
import type { Histogram } from './histogram-family.ts'
import type { Logger } from './logger.ts'
import { type Metrics, readAtScrape } from './metrics.ts'
import { Troubles } from './troubles.ts'
import type { Counter } from './value-families.ts'

type TierName = Parameters<TierEvents['hit']>[0]

export function tierEvents(metrics: Metrics, logger: Logger, clock: Clock): StoreEvents {
  const hits = new CellsByBucket((bucket, tier) => metrics.cacheHits.cell(bucket, tier))
  const misses = new CellsByBucket((bucket, tier) => metrics.cacheMisses.cell(bucket, tier))
  const troubles = new Troubles(logger, clock)
  return {
    hit: (tier, bucket) => {
      hits.of(bucket, tier).add(1)
    },
    missed: (tier, bucket) => {
      misses.of(bucket, tier).add(1)
    },
    evicted: (tier, bucket, reason) => {
      metrics.cacheEvictions.cell(bucket, tier, reason).add(1)
    },
    failed: (tier, operation, error) => {
      metrics.cacheErrors.cell(tier, operation).add(1)
      troubles.failed(tier, operation, error)
    },
    worked: (tier, operation, tookMs) => {
      if (operation === 'get') metrics.cacheGetDuration.cell(tier).observe(tookMs / 1000)
      if (operation === 'put') metrics.cacheSetDuration.cell(tier).observe(tookMs / 1000)
      troubles.worked(tier, operation)
    },
    dropped: (tier, reason) => {
      metrics.cacheWritesDropped.cell(tier).add(1)
      if (reason === 'queue full') troubles.overran(tier)
    },
    breakerChanged: (layer, operation, state) => {
      if (state === 'open') logger.warn({ layer, operation }, 'cache tier is left alone for a while')
      if (state === 'closed') logger.info({ layer, operation }, 'cache tier is used again')
    },
  }
}

/** Cells of one metric, without building a label text for each event. */
class CellsByBucket {
  readonly #cells = new Map<TierName, Map<string, Counter>>()
  readonly #make: (bucket: string, tier: TierName) => Counter

  constructor(make: (bucket: string, tier: TierName) => Counter) {
    this.#make = make
  }

  of(bucket: string, tier: TierName): Counter {
    let cells = this.#cells.get(tier)
    if (cells === undefined) {
      cells = new Map()
      this.#cells.set(tier, cells)
    }
    let cell = cells.get(bucket)
    if (cell === undefined) {
      cell = this.#make(bucket, tier)
      cells.set(bucket, cell)
    }
    return cell
  }
}

/** Sizes are read from the tiers when somebody scrapes. */
export function watchUsage(metrics: Metrics, read: () => readonly (readonly [string, TierUsage])[]): void {
  readAtScrape(metrics.cacheSize, () => {
    for (const [tier, usage] of read()) {
      for (const [bucket, { bytes }] of usage.buckets) metrics.cacheSize.cell(bucket, tier).set(bytes)
    }
  })
  readAtScrape(metrics.cacheItems, () => {
    for (const [tier, usage] of read()) {
      for (const [bucket, { items }] of usage.buckets) metrics.cacheItems.cell(bucket, tier).set(items)
    }
  })
}

/** Of its connections, all together. What the tier does without them is told by `tierEvents`. */
export function redisEvents(logger: Logger): RedisEvents {
  return {
    connected: () => logger.info({ layer: 'redis' }, 'redis is connected'),
    lost: (reason) => logger.warn({ layer: 'redis', reason }, 'redis is not connected'),
  }
}

const breakerValues = { closed: 0, open: 1, 'half-open': 2 } as const satisfies Record<BreakerState, number>

export function originEvents(metrics: Metrics, logger: Logger): OriginEvents {
  const durations = new Map<string, Histogram>()
  return {
    answered: (bucket, replica, status, durationMs) => {
      metrics.originRequests.cell(bucket, replica, String(status)).add(1)
      let duration = durations.get(bucket)
      if (duration === undefined) {
        duration = metrics.originDuration.cell(bucket)
        durations.set(bucket, duration)
      }
      duration.observe(durationMs / 1000)
    },
    unanswered: () => undefined,
    received: (bucket, bytes) => {
      metrics.originBytes.cell(bucket).add(bytes)
    },
    timedOut: (bucket, kind) => {
      metrics.originTimeouts.cell(bucket, kind).add(1)
    },
    retried: (bucket, outcome) => {
      metrics.originRetries.cell(bucket, outcome).add(1)
    },
    failedOver: (bucket) => {
      metrics.originFailovers.cell(bucket).add(1)
    },
    breakerChanged: (bucket, replica, state) => {
      metrics.circuitBreaker.cell(bucket, replica).set(breakerValues[state])
      const told = replica === '' ? { bucket } : { bucket, replica }
      if (state === 'open') logger.warn(told, 'the origin is left alone for a while')
      if (state === 'closed') logger.info(told, 'the origin is asked again')
    },
    waited: (bucket, ms) => metrics.originPoolWait.cell(bucket).observe(ms / 1000),
  }
}
