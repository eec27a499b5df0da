/** What making a record into one Redis value and back costs, on top of the network and of Redis. */

import type { EpochMs, Etag } from '../../src/base/types.ts'
import { CacheKey } from '../../src/cache/cache-key.ts'
import type { CacheRecord } from '../../src/cache/record.ts'
import { decodeValue, encodeValue } from '../../src/cache/redis-value.ts'
import { measure } from './measure.ts'

const { id } = new CacheKey('media', 'films/2026/1/poster.jpg')
let kept = 0

for (const [name, size, times] of [
  ['1 KiB', 2 ** 10, 100_000],
  ['1 MiB', 2 ** 20, 200],
] as const) {
  const record: CacheRecord = {
    kind: 'object',
    head: {
      status: 200,
      etag: '"5d41402abc4b2a76b9719d911017c592"' as Etag,
      size,
      sliceBytes: 2 ** 20,
      headers: ['content-type', 'image/jpeg', 'last-modified', 'Tue, 20 Oct 2026 07:28:00 GMT'],
      requestedAt: 0 as EpochMs,
      storedAt: 0 as EpochMs,
      originFingerprint: 'https://s3.example/bucket',
    },
    body: new Uint8Array(size),
  }
  const value = encodeValue(id, record, 0)
  await measure(`encode ${name}`, times, (count) => {
    for (let index = 0; index < count; index++) kept += encodeValue(id, record, index).length
  })
  await measure(`decode ${name}`, times, (count) => {
    for (let index = 0; index < count; index++) kept += decodeValue(id, value, index).kind.length
  })
}
if (kept === 0) throw new Error('nothing was measured')
