import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { systemClock } from '../../src/base/clock.ts'
import type { RecordId } from '../../src/base/types.ts'
import { createMemoryTier } from '../../src/cache/memory-tier.ts'
import { PurgeLog } from '../../src/cache/purge-log.ts'
import type { CacheTier } from '../../src/cache/tier.ts'
import { guarded } from '../../src/cache/tier-guards.ts'
import { createTieredStore, type RecordStore } from '../../src/cache/tiered-store.ts'
import { createFakeRandom } from '../support/fake-random.ts'
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
    async clear(scope, onRemoved) {
      const ids = new Set<RecordId>()
      if (onRemoved !== undefined) await store.each(scope, (_, { id }) => ids.add(id))
      const { entries, bytes, notKept } = await store.purge(scope, 'hard')
      assert.deepEqual(notKept, [])
      for (const id of ids) onRemoved?.(id)
      return { entries, bytes }
    },
    async each(scope, visit) {
      const seen = new Set<RecordId>()
      await store.each(scope, (_, listed) => {
        if (!seen.has(listed.id)) visit(listed)
        seen.add(listed.id)
      })
    },
    async peek(id) {
      const peeked = await store.peek(id)
      if (peeked === undefined) return undefined
      const { head, tiers, hits, bytes } = peeked
      return { head, listed: { id, bytes: bytes / tiers.length, hits } }
    },
    usage() {
      const [fastest] = store.usage()
      assert.ok(fastest)
      return fastest[1]
    },
    close: () => store.close(),
  }
}

/** Memory, and two tiers behind it with their guards on. */
cacheTierContract(
  'guarded tiered',
  (bounds) => {
    const events = new TierEventLog()
    const ports = { clock: systemClock, events }
    const memory = () => createMemoryTier({ ...bounds, eviction: 's3gd' }, events)
    const tiers = [memory(), guarded(memory(), 1000, false, ports), guarded(memory(), 1000, true, ports)]
    const store = asTier(createTieredStore(tiers, events, systemClock, new PurgeLog(systemClock, createFakeRandom())))
    return {
      ...store,
      async put(id, record) {
        await store.put(id, record)
        await turn() // until then a record is read from the queue, whether its tier will keep it or not
      },
    }
  },
  { countsObjects: true },
)

for (const count of [1, 3]) {
  cacheTierContract(
    `${count} tiered`,
    (bounds) => {
      const events = new TierEventLog()
      const tiers = Array.from({ length: count }, () => createMemoryTier({ ...bounds, eviction: 's3gd' }, events))
      return asTier(createTieredStore(tiers, events, systemClock, new PurgeLog(systemClock, createFakeRandom())))
    },
    { countsObjects: true },
  )
}
