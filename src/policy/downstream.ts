/** What caches and browsers behind this proxy are told about caching. */

import { withoutFields } from '../base/header-list.ts'
import type { HeaderList } from '../base/types.ts'

/** RFC 9213 §2.4: "By convention, targeted fields have the suffix "-Cache-Control"". Surrogate-Control is older than that. */
function isCachingWord(name: string): boolean {
  return (
    name === 'cache-control' || name === 'expires' || name === 'surrogate-control' || name.endsWith('-cache-control')
  )
}

/**
 * The headers as they are, or with `replacement` as the only word on caching: Expires and targeted fields would
 * contradict it.
 */
export function downstreamHeaders(headers: HeaderList, replacement: string | undefined): HeaderList {
  if (replacement === undefined) return headers
  return [...withoutFields(headers, isCachingWord), 'Cache-Control', replacement]
}
