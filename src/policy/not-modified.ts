/** What a 304 changes in a stored answer: RFC 9111 §3.2 and §4.3.4. */

import { fieldValue, isHopByHop, withoutFields } from '../base/header-list.ts'
import type { HeaderList } from '../base/types.ts'

/**
 * Fields of a 304 that never replace stored ones, beside those of the connection it came over (RFC 9111 §3.1): those the
 * stored bytes depend on. Real servers send `Content-Length: 0` and a `Content-Type` of nothing with a 304, and an ETag it
 * has repeats the stored one or is a weaker form of it.
 */
const neverUpdated = new Set(['content-length', 'content-encoding', 'content-range', 'content-type', 'etag'])

/** They date an answer: those of the 304 or none, since the confirmed answer is as young as its confirmation (§4.2). */
const dating = new Set(['age', 'date'])

/** §3.2: "the cache MUST add each header field in the provided response to the stored response, replacing field values". */
export function refreshedHeaders(stored: HeaderList, fresh: HeaderList): HeaderList {
  const updates = withoutFields(fresh, (name) => isHopByHop(name) || neverUpdated.has(name))
  const kept = withoutFields(stored, (name) => dating.has(name) || fieldValue(updates, name) !== undefined)
  return [...kept, ...updates]
}

/**
 * Whether a 304 speaks of the stored answer. §4.3.4: "If none of the initial set contains at least one of the same strong
 * validators, then the cache MUST NOT use the new response to update any stored responses." Entity tags decide where both
 * have one. A 304 without any, as several S3 servers send it, confirms the tag it was asked about.
 */
export function confirms(stored: HeaderList, fresh: HeaderList): boolean {
  const storedTag = fieldValue(stored, 'etag')
  const freshTag = fieldValue(fresh, 'etag')
  if (storedTag !== undefined) return freshTag === undefined || isSameTag(storedTag, freshTag)
  const freshDate = fieldValue(fresh, 'last-modified')
  return freshTag === undefined && (freshDate === undefined || freshDate === fieldValue(stored, 'last-modified'))
}

/** RFC 9110 §8.8.3.2: a strong tag of the 304 needs the same strong tag; a weak one matches by weak comparison. */
function isSameTag(stored: string, fresh: string): boolean {
  return fresh === stored || (fresh.startsWith('W/') && fresh.slice(2) === stored)
}
