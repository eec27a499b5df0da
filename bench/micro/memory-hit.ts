/** What a hit in memory costs through the whole store: look-up, count, events. 10,000 records, skewed. */

import { systemClock } from '../../src/base/clock.ts'
import { systemRandom } from '../../src/base/random.ts'
import type { EpochMs, Etag, RecordId } from '../../src/base/types.ts'
import { CacheKey } from '../../src/cache/cache-key.ts'
import { createMemoryTier, type Eviction } from '../../src/cache/memory-tier.ts'
import { PurgeLog } from '../../src/cache/purge-log.ts'
import type { CacheRecord } from '../../src/cache/record.ts'
import type { StoreEvents } from '../../src/cache/tier.ts'
import { createTieredStore } from '../../src/cache/tiered-store.ts'
import { measure } from './measure.ts'

const record: CacheRecord = {
  kind: 'object',
  head: {
    status: 200,
    etag: '"5d41402abc4b2a76b9719d911017c592"' as Etag,
    size: 1024,
    sliceBytes: 2 ** 20,
    headers: ['content-type', 'image/jpeg', 'last-modified', 'Tue, 20 Oct 2026 07:28:00 GMT'],
    requestedAt: 0 as EpochMs,
    storedAt: 0 as EpochMs,
    originFingerprint: 'https://s3.example/bucket',
  },
  body: new Uint8Array(1024),
}

const hits = new Map<string, number>()
const events: StoreEvents = {
  hit: (_, bucket) => void hits.set(bucket, (hits.get(bucket) ?? 0) + 1),
  missed: () => undefined,
  evicted: () => undefined,
  failed: () => undefined,
  worked: () => undefined,
  dropped: () => undefined,
  breakerChanged: () => undefined,
}

const keys = Array.from({ length: 10_000 }, (_, index) => `films/2026/${index}/poster.jpg`)
for (const eviction of ['s3gd', 'lru'] satisfies Eviction[]) {
  const tier = createMemoryTier({ maxBytes: 2 ** 30, maxItemBytes: 2 ** 20, eviction }, events)
  const store = createTieredStore([tier], events, systemClock, new PurgeLog(systemClock, systemRandom))
  const ids = keys.map((key) => new CacheKey('media', key).id)
  for (const id of ids) await store.put(id, record)
  await measure(`${eviction}: tier.get`, 1e6, async (times) => {
    for (let index = 0; index < times; index++) await tier.get(ids[index % 10_000] as RecordId)
  })
  await measure(`${eviction}: store.get`, 1e6, async (times) => {
    for (let index = 0; index < times; index++) await store.get(ids[index % 10_000] as RecordId)
  })
  await measure(`${eviction}: store.get with a key made for it`, 1e6, async (times) => {
    for (let index = 0; index < times; index++) {
      await store.get(new CacheKey('media', keys[index % 10_000] as string).id)
    }
  })
}
if (hits.size === 0) throw new Error('nothing was measured')
