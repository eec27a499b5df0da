/** What tells one version of an object from the next: RFC 9110 §8.8, RFC 9111 §4.3. */

import { fieldValue } from '../base/header-list.ts'
import { parseHttpDate } from '../base/http-date.ts'
import type { EpochMs, Etag, HeaderList } from '../base/types.ts'
import type { ObjectHead } from '../cache/record.ts'

/**
 * The strong tag, or one made up from whatever distinguishes this answer. A made-up tag starts with `~`, which no
 * entity-tag does, and stays inside this cache.
 */
export function validatorTag(answer: {
  readonly etag: Etag | undefined
  readonly size: number
  readonly headers: HeaderList
  readonly storedAt: EpochMs
}): Etag {
  if (answer.etag?.startsWith('"')) return answer.etag
  const sent = fieldValue(answer.headers, 'etag')
  const modified = fieldValue(answer.headers, 'last-modified')
  const known = sent === undefined && modified === undefined ? [`@${answer.storedAt}`] : [sent ?? '', modified ?? '']
  return `~${[answer.size, ...known].join(' ')}` as Etag
}

export function isMadeUp(etag: Etag): boolean {
  return etag.startsWith('~')
}

/**
 * RFC 9111 §4.3.1: "MUST send the relevant entity tags", as they were sent. Last-Modified goes only where there is none:
 * several S3 servers answer 304 by the date although the tag differs.
 */
export function revalidationHeaders(head: Pick<ObjectHead, 'headers' | 'storedAt'>): {
  ifNoneMatch?: string
  ifModifiedSince?: string
} {
  const etag = fieldValue(head.headers, 'etag')
  if (etag !== undefined && etag !== '') return { ifNoneMatch: etag }
  const modified = fieldValue(head.headers, 'last-modified')
  // What is no date would be answered with 400 by some S3 servers.
  if (modified === undefined || parseHttpDate(modified, head.storedAt) === undefined) return {}
  return { ifModifiedSince: modified }
}
