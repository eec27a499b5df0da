/** What a response tells this cache to do: its targeted field when it has a valid one, else Cache-Control and Expires. */

import { type Dictionary, type InnerList, type Item, parseDictionary, Token } from 'structured-headers'
import { fieldValue } from '../base/header-list.ts'
import type { HeaderList } from '../base/types.ts'
import { type Directives, parseCacheControl } from './cache-control.ts'

export interface Instructions {
  readonly directives: Directives
  /** Absent also when a targeted field takes its place. */
  readonly expires: string | undefined
}

/**
 * RFC 9213 §2.2: "the cache MUST select the first (in target-list order) field with a valid, non-empty value […], and it
 * MUST ignore the Cache-Control and Expires header fields in that response". The target list is CDN-Cache-Control alone.
 */
export function instructionsOf(headers: HeaderList): Instructions {
  const targeted = parseTargeted(fieldValue(headers, 'cdn-cache-control'))
  if (targeted !== undefined) return { directives: targeted, expires: undefined }
  return {
    directives: parseCacheControl(fieldValue(headers, 'cache-control')),
    expires: fieldValue(headers, 'expires'),
  }
}

/** RFC 9213 §2.1: "If a targeted field in a given response is empty, or a parsing error is encountered, that field MUST be ignored". */
function parseTargeted(value: string | undefined): Directives | undefined {
  if (value === undefined) return undefined
  try {
    const members = parseDictionary(value)
    return members.size === 0 ? undefined : directivesOf(members)
  } catch {
    return undefined // not a Dictionary: the parser says so by throwing
  }
}

function directivesOf(members: Dictionary): Directives {
  const directives = new Map<string, string | true>()
  for (const [name, [argument]] of members) {
    const text = textOf(argument)
    if (text !== undefined) directives.set(name, text)
  }
  return directives
}

/**
 * A directive's argument as Cache-Control would have it. A string keeps its quotes, so that `max-age="60"` is not taken
 * for an integer (§2.1: "SHOULD NOT consume values that violate these inferred constraints").
 */
function textOf(argument: (Item | InnerList)[0]): string | true | undefined {
  if (argument instanceof Token || typeof argument === 'number') return String(argument)
  if (typeof argument === 'string') return `"${argument}"`
  if (typeof argument !== 'boolean') return ''
  return argument ? true : undefined
}
