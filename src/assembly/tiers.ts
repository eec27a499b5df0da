/** The tiers of the cache, each behind its guards. */

import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import { type EpochMs, type RecordId, unreachable } from '../base/types.ts'
import { bucketOf } from '../cache/cache-key.ts'
import { type DiskTier, openDiskTier } from '../cache/disk-tier.ts'
import { createMemoryTier } from '../cache/memory-tier.ts'
import type { PurgeLog } from '../cache/purge-log.ts'
import type { CacheRecord } from '../cache/record.ts'
import { createRedisTier, type RedisTier } from '../cache/redis-tier.ts'
import type { CacheTier, StoreEvents, TierGuard } from '../cache/tier.ts'
import { guarded } from '../cache/tier-guards.ts'
import type { LayerConfig } from '../config/config.ts'
import type { LogOutput } from '../observe/logger.ts'
import { redisEvents } from '../observe/record-events.ts'
import type { StatusNews } from '../observe/status-board.ts'
import { notingRedis } from '../observe/status-notes.ts'
import type { CachePolicy } from '../policy/cache-policy.ts'
import { usableUntil } from '../policy/freshness.ts'
import type { Seat } from './seat.ts'

/** A disk that takes longer to read a record is slower than the origin. */
const diskLimitMs = 1000

export interface TierPorts {
  readonly seat: Pick<Seat, 'sharedTier'>
  readonly clock: Clock
  readonly random: Random
  readonly log: LogOutput
  readonly board: StatusNews
  /** Told of the purges that tiers remember, and given those tiers to keep more. */
  readonly purges: PurgeLog
  /** The purges of others who share a Redis are known for the first time. */
  heard(): void
  /** Put around each tier, inside its deadline and its breakers: faults, in tests. */
  readonly tierGuard?: TierGuard
}

/** By the configuration of the moment. Undefined: there is no such bucket. */
export type PolicyOf = (bucket: string) => CachePolicy | undefined

/** In their order. Rejects when one belongs to another process. */
export async function openTiers(
  layers: readonly LayerConfig[],
  policyOf: PolicyOf,
  events: StoreEvents,
  ports: TierPorts,
): Promise<readonly CacheTier[]> {
  const tiers: CacheTier[] = []
  const opener = new TierOpener(policyOf, events, ports)
  try {
    for (const layer of layers) tiers.push(await opener.open(layer))
    return tiers
  } catch (error) {
    await Promise.all(tiers.map((tier) => tier.close())) // nobody will use them: they must not keep the process alive
    throw error
  }
}

class TierOpener {
  readonly #policyOf: PolicyOf
  readonly #events: StoreEvents
  readonly #ports: TierPorts
  /** It remembers until when the purges of others have been heeded here. */
  #disk: DiskTier | undefined

  constructor(policyOf: PolicyOf, events: StoreEvents, ports: TierPorts) {
    this.#policyOf = policyOf
    this.#events = events
    this.#ports = ports
  }

  async open(layer: LayerConfig): Promise<CacheTier> {
    const events = this.#events
    const { clock, purges, seat, tierGuard = (tier) => tier } = this.#ports
    const shared = seat.sharedTier(layer, events)
    if (shared !== undefined) return tierGuard(shared)
    switch (layer.kind) {
      case 'memory':
        return tierGuard(createMemoryTier(layer.options, events))
      case 'disk': {
        const tier = await this.#openDisk(layer.options)
        purges.addKeeper(tier)
        purges.holdUntil(tier.recovered)
        return guarded(tierGuard(tier), diskLimitMs, false, { clock, events })
      }
      case 'redis': {
        const tier = this.#openRedis(layer.options)
        purges.addKeeper(tier)
        return guarded(tierGuard(tier), layer.options.redis.operationTimeoutMs, true, { clock, events })
      }
      default:
        return unreachable(layer)
    }
  }

  async #openDisk(options: Extract<LayerConfig, { kind: 'disk' }>['options']): Promise<DiskTier> {
    const { clock, purges } = this.#ports
    const ports = { clock, events: this.#events, purges }
    this.#disk = await openDiskTier({ ...options, uselessAfter: usableUntilBy(this.#policyOf) }, ports)
    return this.#disk
  }

  #openRedis(options: Extract<LayerConfig, { kind: 'redis' }>['options']): RedisTier {
    const { clock, random, log, board, purges } = this.#ports
    return createRedisTier(options, {
      ...{ clock, random, purges, events: notingRedis(redisEvents(log.logger), board) },
      syncedAt: () => this.#disk?.syncedAt(),
      synced: (at) => {
        this.#ports.heard()
        this.#disk?.noteSynced(at)
      },
    })
  }
}

/** What the disk tier need not keep over a restart. Slices have no times, and are kept. */
function usableUntilBy(policyOf: PolicyOf) {
  return (id: RecordId, record: CacheRecord): EpochMs | undefined => {
    const policy = record.kind === 'object' ? policyOf(bucketOf(id)) : undefined
    return policy === undefined || record.kind !== 'object' ? undefined : usableUntil(record.head, policy)
  }
}
