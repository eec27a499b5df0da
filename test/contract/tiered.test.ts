import assert from 'node:assert/strict'
import { createMemoryTier } from '../../src/cache/memory-tier.ts'
import type { CacheTier } from '../../src/cache/tier.ts'
import { createTieredStore, type RecordStore } from '../../src/cache/tiered-store.ts'
import { TierEventLog } from '../support/tier-event-log.ts'
import { cacheTierContract } from './cache-tier.contract.ts'

/** The store seen as the tier it is to its callers. Its usage is the fastest tier's. */
function asTier(store: RecordStore): CacheTier {
  return {
    name: 'tiered',
    get: async (id) => (await store.get(id))?.record,
    has: (id) => store.has(id),
    put: (id, record) => store.put(id, record),
    remove: (id) => store.remove(id),
    clear: (bucket) => store.clear(bucket),
    usage() {
      const [fastest] = store.usage()
      assert.ok(fastest)
      return fastest[1]
    },
    close: () => store.close(),
  }
}

for (const count of [1, 3]) {
  cacheTierContract(`${count} tiered`, (bounds) => {
    const events = new TierEventLog()
    const tiers = Array.from({ length: count }, () => createMemoryTier({ ...bounds, eviction: 's3gd' }, events))
    return asTier(createTieredStore(tiers, events))
  })
}
