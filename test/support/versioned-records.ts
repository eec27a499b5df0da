/** Records that say which version of which object they are, so that a reader can tell whether the bytes are right. */
import assert from 'node:assert/strict'
import type { Etag } from '../../src/base/types.ts'
import type { CacheRecord } from '../../src/cache/record.ts'
import { objectOf } from './cache-records.ts'

/** Up to 20 KB, the same for the same arguments. */
export function versionOf(object: string, version: number): CacheRecord {
  return objectOf(`${object}@${version} `.repeat(version % 2000), { etag: `"${object}@${version}"` as Etag })
}

export function assertWhole(object: string, record: CacheRecord | undefined): void {
  if (record === undefined) return
  assert.ok(record.kind === 'object')
  const version = Number(record.head.etag.slice(object.length + 2, -1))
  assert.deepEqual(record, versionOf(object, version))
}
