import { createMemoryTier } from '../../src/cache/memory-tier.ts'
import { TierEventLog } from '../support/tier-event-log.ts'
import { cacheTierContract } from './cache-tier.contract.ts'

cacheTierContract('memory, s3gd', (bounds) => createMemoryTier({ ...bounds, eviction: 's3gd' }, new TierEventLog()))
cacheTierContract('memory, lru', (bounds) => createMemoryTier({ ...bounds, eviction: 'lru' }, new TierEventLog()))
