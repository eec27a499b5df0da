/** What the memory tier's own choice of what to keep costs per hit and per insert, beside lru-cache. 100,000 entries. */

import type { RecordId } from '../../src/base/types.ts'
import { CacheKey } from '../../src/cache/cache-key.ts'
import { LruRetention } from '../../src/cache/lru.ts'
import type { Retention } from '../../src/cache/retention.ts'
import { S3GdRetention } from '../../src/cache/s3gd.ts'
import { measure } from './measure.ts'

const entries = 100_000
const bytes = 10_000
const options = { maxBytes: entries * bytes, maxEntryBytes: entries * bytes, onEvict: () => undefined }
const candidates: Record<string, () => Retention<object>> = {
  s3gd: () => new S3GdRetention(options),
  lru: () => new LruRetention(options),
}

const ids = Array.from({ length: 1_000_000 }, (_, index) => new CacheKey('media', `films/2026/${index}/poster.jpg`).id)
const at = (index: number) => ids[index % ids.length] as RecordId
/** Squares crowd towards 0: a skewed choice without the cost of a real one. */
const skewed = Array.from({ length: entries }, (_, index) => Math.floor(((index * 7919) % entries) ** 2 / entries))
const value = {}

for (const [name, create] of Object.entries(candidates)) {
  const retention = create()
  for (let index = 0; index < entries; index++) retention.set(at(index), value, bytes)
  await measure(`${name} hit`, 1e6, (times) => {
    for (let index = 0; index < times; index++) retention.get(at(skewed[index % entries] as number))
  })
  let next = entries
  await measure(`${name} insert with eviction`, 3e5, (times) => {
    for (let index = 0; index < times; index++) retention.set(at(next++), value, bytes + (next % 4096))
  })
}
