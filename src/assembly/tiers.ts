/** The tiers of the cache, each behind its guards. */

import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import { type EpochMs, type RecordId, unreachable } from '../base/types.ts'
import { bucketOf } from '../cache/cache-key.ts'
import { openDiskTier } from '../cache/disk-tier.ts'
import { createMemoryTier } from '../cache/memory-tier.ts'
import type { CacheRecord } from '../cache/record.ts'
import { createRedisTier } from '../cache/redis-tier.ts'
import type { CacheTier, StoreEvents, TierGuard } from '../cache/tier.ts'
import { guarded } from '../cache/tier-guards.ts'
import type { BucketConfig, Config, LayerConfig } from '../config/config.ts'
import type { LogOutput } from '../observe/logger.ts'
import { redisEvents } from '../observe/record-events.ts'
import { usableUntil } from '../policy/freshness.ts'

/** A disk that takes longer to read a record is slower than the origin. */
const diskLimitMs = 1000

export interface TierPorts {
  readonly clock: Clock
  readonly random: Random
  readonly log: LogOutput
  /** Put around each tier, inside its deadline and its breakers: faults, in tests. */
  readonly tierGuard?: TierGuard
}

/** In their order. Rejects when one belongs to another process. */
export async function openTiers(config: Config, events: StoreEvents, ports: TierPorts): Promise<readonly CacheTier[]> {
  const tiers: CacheTier[] = []
  try {
    for (const layer of config.layers) tiers.push(await openTier(layer, config.buckets, events, ports))
    return tiers
  } catch (error) {
    await Promise.all(tiers.map((tier) => tier.close())) // nobody will use them: they must not keep the process alive
    throw error
  }
}

async function openTier(
  layer: LayerConfig,
  buckets: readonly BucketConfig[],
  events: StoreEvents,
  { clock, random, log, tierGuard = (tier) => tier }: TierPorts,
): Promise<CacheTier> {
  switch (layer.kind) {
    case 'memory':
      return tierGuard(createMemoryTier(layer.options, events))
    case 'disk': {
      const tier = await openDiskTier({ ...layer.options, uselessAfter: usableUntilIn(buckets) }, { clock, events })
      return guarded(tierGuard(tier), diskLimitMs, false, { clock, events })
    }
    case 'redis': {
      const tier = createRedisTier(layer.options, { clock, random, events: redisEvents(log.logger) })
      return guarded(tierGuard(tier), layer.options.redis.operationTimeoutMs, true, { clock, events })
    }
    default:
      return unreachable(layer)
  }
}

/** What the disk tier need not keep over a restart. Slices have no times, and are kept. */
function usableUntilIn(buckets: readonly BucketConfig[]) {
  const policies = new Map(buckets.map(({ name, policy }) => [name, policy]))
  return (id: RecordId, record: CacheRecord): EpochMs | undefined => {
    const policy = policies.get(bucketOf(id))
    return policy === undefined || record.kind !== 'object' ? undefined : usableUntil(record.head, policy)
  }
}
