/** Conditional requests, RFC 9110 §13: does the client still need the representation it asks for? */

import { parseHttpDate } from '../base/http-date.ts'
import type { ProxyRequest } from './messages.ts'

/** What an answer without conditions would be, as far as conditions look at it. */
export interface Validators {
  /** Absent: 200. */
  readonly status?: number | undefined
  /** The ETag field as it would be sent, weak or strong. */
  readonly etag: string | undefined
  /** The Last-Modified field as it would be sent. */
  readonly lastModified: string | undefined
  /** The Date field, parsed: only with it can a Last-Modified date be a strong validator, and it stands in for a missing one. */
  readonly dateMs?: number | undefined
}

export type Verdict = 'proceed' | 'not-modified' | 'failed'

type ConditionalRequest = Pick<ProxyRequest, 'method' | 'header' | 'receivedAt'>

/** In the order of §13.2.2. `not-modified` is a 304, `failed` a 412. */
export function evaluatePreconditions(current: Validators, request: ConditionalRequest): Verdict {
  // §13.2.1: without conditions the answer must be a success, and the method one that selects a representation.
  if (current.status !== undefined && (current.status < 200 || current.status > 299)) return 'proceed'
  if (request.method !== 'GET' && request.method !== 'HEAD') return 'proceed'

  const ifMatch = request.header('if-match')
  if (ifMatch !== undefined) {
    if (!listMatches(ifMatch, current.etag, 'strong')) return 'failed'
  } else if (isModifiedSince(current, request, 'if-unmodified-since') === true) {
    return 'failed'
  }

  const ifNoneMatch = request.header('if-none-match')
  if (ifNoneMatch !== undefined) return listMatches(ifNoneMatch, current.etag, 'weak') ? 'not-modified' : 'proceed'
  // RFC 9111 §4.3.2: an answer without Last-Modified is compared by its Date. Not so for If-Unmodified-Since, where a
  // later Date would fail a request whose object has not changed.
  return isModifiedSince(current, request, 'if-modified-since', 'or-date') === false ? 'not-modified' : 'proceed'
}

/** §13.1.5: whether the request's Range counts. It does when there is no If-Range. */
export function rangeApplies(current: Validators, request: ConditionalRequest): boolean {
  const ifRange = request.header('if-range')
  if (ifRange === undefined) return true
  // "A valid entity-tag can be distinguished from a valid HTTP-date by examining the first three characters for a DQUOTE."
  if (ifRange.slice(0, 3).includes('"')) return ifRange === current.etag && !ifRange.startsWith('W/')
  const asked = parseHttpDate(ifRange, request.receivedAt)
  if (asked === undefined || current.lastModified === undefined || current.dateMs === undefined) return false
  if (asked !== parseHttpDate(current.lastModified, request.receivedAt)) return false
  // §8.8.2.2: strong once the answer is dated at least a second after the change.
  return current.dateMs - asked >= 1000
}

/**
 * Undefined when the field is absent or to be ignored: no valid date in it, or no date to compare it with. `or-date`: Date
 * stands in for a Last-Modified that is not there.
 */
function isModifiedSince(
  current: Validators,
  request: ConditionalRequest,
  field: string,
  instead?: 'or-date',
): boolean | undefined {
  const since = parseHttpDate(request.header(field), request.receivedAt)
  if (since === undefined) return undefined
  const { lastModified } = current
  const dateMs = lastModified === undefined && instead === 'or-date' ? current.dateMs : undefined
  const modified = dateMs ?? parseHttpDate(lastModified, request.receivedAt)
  return modified === undefined ? undefined : modified > since
}

/** One member of an entity-tag list. Without quotes is no entity-tag, but S3 clients send it so and mean the quoted one. */
const listMember = /(W\/)?(?:"([^"]*)"|([^\s",]+))/g

function listMatches(list: string, etag: string | undefined, comparison: 'strong' | 'weak'): boolean {
  if (list.trim() === '*') return true
  if (etag === undefined) return false
  const isWeak = etag.startsWith('W/')
  if (isWeak && comparison === 'strong') return false
  const opaque = opaqueTag(isWeak ? etag.slice(2) : etag)
  for (const [, weak, quoted, bare] of list.matchAll(listMember)) {
    if (comparison === 'strong' && weak !== undefined) continue
    if ((quoted ?? bare) === opaque) return true
  }
  return false
}

function opaqueTag(tag: string): string {
  return tag.length >= 2 && tag.startsWith('"') && tag.endsWith('"') ? tag.slice(1, -1) : tag
}
