/** The fields of an origin's answer: which of them go on to the client, and the one that tells versions apart. */

import { fieldValue, withoutHopByHop } from '../base/header-list.ts'
import { formatHttpDate } from '../base/http-date.ts'
import type { EpochMs, Etag, HeaderList } from '../base/types.ts'

/** Told in another form (length, range), or nobody else's business. */
const keptBack = new Set(['content-length', 'content-range', 'server', 'x-amz-request-id', 'x-amz-id-2'])

/** What a field value may be made of when it is sent on; anything else would break the response it is put into. */
const unsendable = /[^\t\x20-\x7e\x80-\xff]/

/**
 * RFC 9110 §6.6.1: an answer that came without Date is given the time it was received, and a cached one is as old as that.
 */
export function forwardedHeaders(headers: HeaderList, receivedAt: EpochMs): HeaderList {
  const kept = withoutHopByHop(headers, (name, value) => keptBack.has(name) || unsendable.test(value))
  return fieldValue(kept, 'date') === undefined ? [...kept, 'Date', formatHttpDate(receivedAt)] : kept
}

/** The strong validator, where the origin sent exactly one. An unquoted one cannot be sent back in a condition. */
export function strongEtag(headers: HeaderList): Etag | undefined {
  const value = fieldValue(headers, 'etag')
  // Several lines are joined by `, `, which has no place in a tag.
  return value !== undefined && /^"[\x21\x23-\x7e\x80-\xff]*"$/.test(value) ? (value as Etag) : undefined
}
