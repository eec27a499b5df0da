/**
 * What keeping a record costs the process beyond its body and texts: heap and external memory per record after garbage
 * collection, in a tier of so many records. The constants in src/cache/record-cost.ts come from here.
 */

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { EpochMs, Etag } from '../../src/base/types.ts'
import { CacheKey } from '../../src/cache/cache-key.ts'
import { createMemoryTier, type Eviction } from '../../src/cache/memory-tier.ts'
import type { CacheRecord } from '../../src/cache/record.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const kinds = {
  object: (index: number, fields: number): CacheRecord => ({
    kind: 'object',
    head: {
      status: 200,
      etag: freshText(`"${index}`, 34) as Etag,
      size: 64,
      sliceBytes: 2 ** 20,
      headers: Array.from({ length: fields * 2 }, (_, at) => freshText(`${at}-${index}`, 20)),
      requestedAt: (1.7e12 + index) as EpochMs,
      storedAt: (1.7e12 + index + 0.5) as EpochMs,
      originFingerprint: 'https://s3.example/bucket',
    },
    body: Buffer.allocUnsafeSlow(64),
  }),
  slice: (index: number): CacheRecord => ({
    kind: 'slice',
    etag: freshText(`"${index}`, 34) as Etag,
    objectSize: 2 ** 30,
    bytes: Buffer.allocUnsafeSlow(64),
  }),
}

/** As the HTTP parser makes them: every string its own. */
function freshText(seed: string, length: number): string {
  return Buffer.from(seed.padEnd(length, '.')).toString('latin1')
}

async function measure(eviction: Eviction, count: number, make: (index: number) => CacheRecord): Promise<void> {
  const tier = createMemoryTier({ maxBytes: 2 ** 40, maxItemBytes: 2 ** 40, eviction }, { evicted: () => undefined })
  collectGarbage()
  const before = process.memoryUsage()
  let texts = 0
  for (let index = 0; index < count; index++) {
    const { id } = new CacheKey('bucket', `folder/of/objects/${index}.jpg`)
    const record = make(index)
    if (record.kind === 'object') for (const text of record.head.headers) texts += text.length
    texts += id.length
    await tier.put(id, record)
  }
  collectGarbage()
  const after = process.memoryUsage()
  const per = (bytes: number) => Math.round((bytes - texts) / count - 64)
  const counted = tier.usage().bytes - count * 64 - texts
  console.log(
    `${eviction} x ${count}: heap + external ${per(after.heapUsed + after.external - before.heapUsed - before.external)}, ` +
      `resident ${per(after.rss - before.rss)}, counted ${Math.round(counted / count)}`,
  )
}

const [kind = 'object', eviction = 's3gd', count = '65537', fields = '0'] = process.argv.slice(2)
const make = kind === 'slice' ? kinds.slice : (index: number) => kinds.object(index, Number(fields))
await measure(eviction === 'lru' ? 'lru' : 's3gd', Number(count), make)
