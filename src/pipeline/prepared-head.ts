import { fieldValue, withoutFields } from '../base/header-list.ts'
import { parseHttpDate } from '../base/http-date.ts'
import type { ObjectHead } from '../cache/record.ts'
import { isCorsField } from '../http/cors.ts'
import { FieldBlock } from '../http/field-block.ts'
import type { Validators } from '../http/preconditions.ts'
import { downstreamHeaders } from '../policy/downstream.ts'
import type { Route } from './route.ts'

/** The part of a response that is the same for every answer made from one stored head. */
export interface PreparedHead extends Validators {
  /** Everything but Content-Length, Age, X-Cache, Cache-Status and what depends on the request. */
  readonly fields: FieldBlock
  /** Those of a 304. */
  readonly notModified: FieldBlock
  /** The origin's own, for answers that come straight from it. */
  readonly originAge: string | undefined
  readonly originCacheStatus: string | undefined
  readonly contentType: string | undefined
}

/** Fields this proxy states itself. */
const ownFields = new Set(['age', 'x-cache', 'cache-status', 'accept-ranges', 'x-correlation-id'])

export function preparedHead(head: ObjectHead, route: Route): PreparedHead {
  let prepared = route.prepared.get(head)
  if (prepared === undefined) {
    prepared = prepare(head, route)
    route.prepared.set(head, prepared)
  }
  return prepared
}

function prepare(head: ObjectHead, route: Route): PreparedHead {
  const { headers } = head
  const kept = withoutFields(headers, (name) => ownFields.has(name) || isDropped(name, route))
  const fields = [...downstreamHeaders([...kept, ...route.headers.add], route.downstream)]
  if (head.status === 200 && head.size >= 0) fields.push('Accept-Ranges', 'bytes')
  return {
    fields: new FieldBlock(fields),
    notModified: new FieldBlock(withoutFields(fields, isLeftOut)),
    originAge: fieldValue(headers, 'age'),
    originCacheStatus: fieldValue(headers, 'cache-status'),
    status: head.status,
    etag: fieldValue(headers, 'etag'),
    lastModified: fieldValue(headers, 'last-modified'),
    contentType: fieldValue(headers, 'content-type'),
    dateMs: parseHttpDate(fieldValue(headers, 'date'), head.storedAt),
  }
}

function isDropped(name: string, { cors, headers }: Route): boolean {
  if (headers.remove.includes(name)) return true
  return cors !== 'passthrough' && isCorsField(name)
}

/** RFC 9110 §15.4.5: what describes the body is left out, since no body follows; validators and freshness stay. */
function isLeftOut(name: string): boolean {
  return name.startsWith('content-') && name !== 'content-location'
}
