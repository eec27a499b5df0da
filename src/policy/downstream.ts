/** What caches and browsers behind this proxy are told about caching. */

import { fieldValue, isFieldName, withoutFields } from '../base/header-list.ts'
import { type HeaderList, unreachable } from '../base/types.ts'
import { parseCacheControl } from './cache-control.ts'

/** RFC 9213 §2.4: "By convention, targeted fields have the suffix "-Cache-Control"". Surrogate-Control is older than that. */
function isCachingWord(name: string): boolean {
  return cachingWords.has(name) || name.endsWith('-cache-control')
}

/** The last ones tell nginx and Akamai, which take them before Cache-Control. */
const cachingWords = new Set(['cache-control', 'expires', 'surrogate-control', 'x-accel-expires', 'edge-control'])

/** What becomes of the origin's word on caching. */
export type DownstreamRule =
  | { readonly kind: 'as-is' }
  | { readonly kind: 'private' }
  | { readonly kind: 'replaced'; readonly by: string }

/** The headers as such caches may see them. Expires and targeted fields would contradict a replacement. */
export function downstreamHeaders(headers: HeaderList, rule: DownstreamRule): HeaderList {
  switch (rule.kind) {
    case 'as-is':
      return headers
    case 'private':
      return privateHeaders(headers)
    case 'replaced':
      return [...withoutFields(headers, isCachingWord), 'Cache-Control', rule.by]
    default:
      return unreachable(rule)
  }
}

/**
 * RFC 9111 §5.2.2: without `public` and `s-maxage`, which open an answer to shared caches, and with `private`. Targeted
 * fields speak to shared caches alone.
 */
function privateHeaders(headers: HeaderList): HeaderList {
  const rest = withoutFields(headers, (name) => isCachingWord(name) && name !== 'expires')
  return [...rest, 'Cache-Control', privateDirectives(fieldValue(headers, 'cache-control'))]
}

const openToAll = new Set(['public', 's-maxage', 'private'])

function privateDirectives(said: string | undefined): string {
  const rest = [...parseCacheControl(said)].filter(([name]) => !openToAll.has(name))
  return ['private', ...rest.map(([name, argument]) => directive(name, argument))].join(', ')
}

function directive(name: string, argument: string | true): string {
  if (argument === true) return name
  return isFieldName(argument) ? `${name}=${argument}` : `${name}="${argument.replace(/["\\]/g, '\\$&')}"`
}
