import { fieldValue, withoutFields } from '../base/header-list.ts'
import { parseHttpDate } from '../base/http-date.ts'
import type { HeaderList } from '../base/types.ts'
import type { ObjectHead } from '../cache/record.ts'
import { isCorsField } from '../http/cors.ts'
import { FieldBlock } from '../http/field-block.ts'
import type { Validators } from '../http/preconditions.ts'
import { downstreamHeaders } from '../policy/downstream.ts'
import type { Route } from './route.ts'

/** The part of a response that is the same for every answer made from one head. */
export class PreparedHead implements Validators {
  /** Everything but Content-Length, Age, X-Cache, Cache-Status and what depends on the request. */
  readonly fields: FieldBlock
  /** The origin's own, for answers that come straight from it. */
  readonly originAge: string | undefined
  readonly originCacheStatus: string | undefined
  readonly status: number
  readonly etag: string | undefined
  readonly lastModified: string | undefined
  readonly contentType: string | undefined
  readonly #head: ObjectHead
  #notModified: FieldBlock | undefined

  constructor(head: ObjectHead, route: Route) {
    const { headers, status } = head
    this.fields = new FieldBlock(fieldsOf(head, route))
    this.originAge = fieldValue(headers, 'age')
    this.originCacheStatus = fieldValue(headers, 'cache-status')
    this.status = status
    this.etag = fieldValue(headers, 'etag')
    this.lastModified = fieldValue(headers, 'last-modified')
    this.contentType = fieldValue(headers, 'content-type')
    this.#head = head
  }

  /** The fields of a 304. */
  get notModified(): FieldBlock {
    this.#notModified ??= new FieldBlock(withoutFields(this.fields.list, isLeftOut))
    return this.#notModified
  }

  get dateMs(): number | undefined {
    return parseHttpDate(fieldValue(this.#head.headers, 'date'), this.#head.storedAt)
  }
}

/** Fields this proxy states itself. */
const ownFields = new Set(['age', 'x-cache', 'cache-status', 'accept-ranges', 'x-correlation-id'])

/** `isStored`: others may come for it. What was fetched for one request, most often only that one ever asks for. */
export function preparedHead(head: ObjectHead, route: Route, isStored: boolean): PreparedHead {
  let prepared = route.prepared.get(head)
  if (prepared === undefined) {
    prepared = new PreparedHead(head, route)
    if (isStored) route.prepared.set(head, prepared)
  }
  return prepared
}

function fieldsOf(head: ObjectHead, route: Route): HeaderList {
  const kept = withoutFields(head.headers, (name) => ownFields.has(name) || isDropped(name, route))
  const fields = [...downstreamHeaders([...kept, ...route.headers.add], route.downstream)]
  if (head.status === 200 && head.size >= 0) fields.push('Accept-Ranges', 'bytes')
  return fields
}

function isDropped(name: string, { cors, headers }: Route): boolean {
  if (headers.remove.includes(name)) return true
  return cors !== 'passthrough' && isCorsField(name)
}

/** RFC 9110 §15.4.5: what describes the body is left out, since no body follows; validators and freshness stay. */
function isLeftOut(name: string): boolean {
  return name.startsWith('content-') && name !== 'content-location'
}
