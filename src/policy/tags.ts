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
  const written = writtenIn(headers)
  if (written.length === 0) return noTags
  const tags = new Set<string>()
  let bytes = 0
  let isWhole = true
  for (const text of written) {
    const tag = decoded(text)
    if (tags.has(tag)) continue
    const fits = tags.size < maxTags && text.length <= maxTagBytes && bytes + text.length <= maxBytes
    if (fits && !controls.test(tag)) {
      tags.add(tag)
      bytes += text.length
    } else isWhole = false
  }
  if (!isWhole) tags.add(anyTag)
  return [...tags]
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
function writtenIn(headers: HeaderList): readonly string[] {
  const written: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const separator = partedBy.get((headers[i] ?? '').toLowerCase())
    if (separator !== undefined) written.push(...(headers[i + 1] ?? '').split(separator).map(trimmed))
  }
  const groups = groupsIn(fieldValue(headers, 'cache-groups'))
  return written.length === 0 ? groups : [...written, ...groups].filter((tag) => tag !== '')
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
