/** `GET /admin/cache/entries?bucket=&prefix=&limit=&cursor=`: what is cached, a page at a time. */

import { ProxyError } from '../base/errors.ts'
import type { RecordId } from '../base/types.ts'
import { CacheKey } from '../cache/cache-key.ts'
import { everything, type Scope } from '../cache/scope.ts'
import type { CachedEntry } from '../objects/inventory.ts'
import { readQuery, wrong } from './arguments.ts'
import { type AdminCall, only, page, type Resource, someBucket, timeOf } from './call.ts'
import { prefixScope } from './filter-scopes.ts'
import type { AdminPorts } from './ports.ts'

type EntryPorts = Pick<AdminPorts, 'inventory' | 'hasBucket'>

export function entryResources(ports: EntryPorts): readonly Resource[] {
  const list = only('GET', 'entries', (call) => listEntries(call, ports))
  return [{ path: '/admin/cache/entries', expect: someBucket, actions: list }]
}

async function listEntries({ request, administrator, note }: AdminCall, { inventory, hasBucket }: EntryPorts) {
  const query = readQuery(request, ['bucket', 'prefix', 'limit', 'cursor'])
  note(query)
  const { bucket, prefix } = query
  administrator.expectBuckets(bucket === undefined ? undefined : [bucket])
  if (prefix !== undefined && bucket === undefined) throw wrong('bucket', 'is needed beside a prefix')
  const limit = readLimit(query.limit)
  const after = query.cursor === undefined ? undefined : readCursor(query.cursor)
  if (bucket !== undefined && !hasBucket(bucket)) {
    throw new ProxyError('UnknownBucket', 'entries of a bucket that is not in the config')
  }
  const { entries, next } = await inventory.page(scopeOf(bucket, prefix), limit, after)
  return page(200, { entries: entries.map(rowOf), next_cursor: next === undefined ? null : cursorOf(next) })
}

function scopeOf(bucket: string | undefined, prefix: string | undefined): Scope {
  if (bucket === undefined) return everything
  return prefix === undefined ? { kind: 'bucket', bucket } : prefixScope(bucket, prefix)
}

const defaultLimit = 100
const maxLimit = 1000

function readLimit(text: string | undefined): number {
  if (text === undefined) return defaultLimit
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0
  if (limit < 1 || limit > maxLimit) throw wrong('limit', `must be a whole number from 1 to ${maxLimit}`)
  return limit
}

/** Of letters that mean nothing in a query, and nothing to anybody else. */
function cursorOf(id: RecordId): string {
  return Buffer.from(id).toString('base64url')
}

function readCursor(text: string): RecordId {
  const id = Buffer.from(text, 'base64url').toString()
  const key = CacheKey.parse(id)
  if (key === undefined || cursorOf(key.id) !== text)
    throw wrong('cursor', 'must be the next_cursor of an earlier page')
  return key.id
}

function rowOf(entry: CachedEntry) {
  const { key, status, size, tags, tiers } = entry
  return {
    bucket: key.bucket,
    key: key.object,
    ...(key.query !== '' && { query: key.query }),
    ...(key.variant !== '' && { variant: key.variant }),
    status,
    size,
    etag: entry.etag ?? null,
    content_type: entry.contentType ?? null,
    ...(tags.length > 0 && { tags }),
    stored: timeOf(entry.storedAt),
    expires: timeOf(entry.expiresAt),
    tiers,
    hits: entry.hits ?? null,
  }
}
