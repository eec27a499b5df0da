/** By which tags an object may be purged: what its origin says in any of the fields that caches have for it. */

import { parseList } from 'structured-headers'
import { fieldValue, trimmed } from '../base/header-list.ts'
import type { HeaderList } from '../base/types.ts'

/** Enough for what CDNs take; a head is held in memory by the million. Bytes as the origin sent them. */
const maxTags = 128
const maxTagBytes = 1024
const maxBytes = 8 * 1024

/** As in `cache/scope.ts`: stands for the tags that are left out, so that every purge by tag covers the object. */
const anyTag = '*'
const noTags: readonly string[] = []

/** Each tag once. The very same list for all that have none. */
export function tagsIn(headers: HeaderList): readonly string[] {
  const tags = new Set<string>()
  let bytes = 0
  let isWhole = true
  for (const written of writtenIn(headers)) {
    const tag = decoded(written)
    if (tags.has(tag)) continue
    const fits = tags.size < maxTags && written.length <= maxTagBytes && bytes + written.length <= maxBytes
    if (fits && !controls.test(tag)) {
      tags.add(tag)
      bytes += written.length
    } else isWhole = false
  }
  if (!isWhole) tags.add(anyTag)
  return tags.size === 0 ? noTags : [...tags]
}

/** Tags are lines and list items elsewhere: in files, in scripts, on terminals. */
const controls = /\p{Cc}/u

/** How each field parts its tags. S3 keeps no fields of its owner's choice but `x-amz-meta-*`. */
const partedBy: ReadonlyMap<string, RegExp> = new Map([
  ['x-amz-meta-cache-tag', /,/],
  ['cache-tag', /,/],
  ['surrogate-key', /[ \t]+/],
])

/** One character for each byte. */
function* writtenIn(headers: HeaderList): Generator<string> {
  for (let i = 0; i < headers.length; i += 2) {
    const separator = partedBy.get((headers[i] ?? '').toLowerCase())
    if (separator === undefined) continue
    for (const part of (headers[i + 1] ?? '').split(separator)) {
      const tag = trimmed(part)
      if (tag !== '') yield tag
    }
  }
  yield* groupsIn(fieldValue(headers, 'cache-groups'))
}

/**
 * RFC 9875 §2: "a List of Strings"; "Unrecognised Parameters are to be ignored". RFC 9651 §4.2: when parsing fails, "the
 * entire field value MUST be ignored".
 */
function groupsIn(value: string | undefined): readonly string[] {
  if (value === undefined) return noTags
  try {
    return parseList(value).flatMap(([group]) => (typeof group === 'string' && group !== '' ? [group] : []))
  } catch {
    return noTags // not a List: the parser says so by throwing
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const beyondAscii = /[\x80-\xff]/

function decoded(written: string): string {
  if (!beyondAscii.test(written)) return written
  try {
    return utf8.decode(Uint8Array.from(written, (char) => char.charCodeAt(0)))
  } catch {
    return written // not UTF-8: each byte a character, as everywhere in header lists
  }
}
