/** What the tests of tiers share: settings for each of them, and faults. */
import type { CacheTier, TierGuard } from '../../../src/cache/tier.ts'
import { faulty, type TierFaults } from '../../support/faulty-tier.ts'

export const MiB = 1024 * 1024

export const onDisk = (folder: string) => ({
  cache_layers: ['disk'],
  disk: { enabled: true, cache_dir: folder },
})

export const memoryAndDisk = (folder: string) => ({ ...onDisk(folder), cache_layers: ['memory', 'disk'] })

export const onRedis = (url: string, settings: Readonly<Record<string, unknown>> = {}) => ({
  cache_layers: ['redis'],
  redis: { enabled: true, redis_url: url, ...settings },
})

/** Faults of one tier; the others stay as they are. */
export function faultsOf(name: CacheTier['name'], faults: TierFaults): TierGuard {
  return (tier) => (tier.name === name ? faulty(tier, faults) : tier)
}
