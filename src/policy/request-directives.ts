/** What a client asks of caches: RFC 9111 §5.2.1, "They are advisory; caches MAY implement them". */

import { type Directives, deltaMs, parseCacheControl } from './cache-control.ts'

export interface RequestDirectives {
  readonly noStore: boolean
  readonly noCache: boolean
  readonly onlyIfCached: boolean
  readonly maxAgeMs?: number
  readonly minFreshMs?: number
  /** Infinity when the client takes "a stale response of any age". */
  readonly maxStaleMs?: number
}

export const noDirectives: RequestDirectives = { noStore: false, noCache: false, onlyIfCached: false }

const known = ['no-store', 'no-cache', 'only-if-cached', 'max-age', 'min-fresh', 'max-stale']

/**
 * Returns `noDirectives` itself when nothing asks for anything. A limit with an invalid argument asks for nothing.
 * RFC 9111 §5.4: Pragma is for "HTTP/1.0 caches, so that clients could specify a "no-cache" request"; it counts only
 * without Cache-Control.
 */
export function readRequestDirectives(cacheControl: string | undefined, pragma: string | undefined): RequestDirectives {
  const text = cacheControl ?? pragma
  if (text === undefined) return noDirectives
  const directives = parseCacheControl(text)
  if (cacheControl === undefined) return directives.has('no-cache') ? { ...noDirectives, noCache: true } : noDirectives
  return known.some((name) => directives.has(name)) ? readDirectives(directives) : noDirectives
}

function readDirectives(directives: Directives): RequestDirectives {
  const maxAgeMs = deltaMs(directives.get('max-age'))
  const minFreshMs = deltaMs(directives.get('min-fresh'))
  const maxStale = directives.get('max-stale')
  const maxStaleMs = maxStale === true ? Number.POSITIVE_INFINITY : deltaMs(maxStale)
  return {
    noStore: directives.has('no-store'),
    noCache: directives.has('no-cache'),
    onlyIfCached: directives.has('only-if-cached'),
    ...(maxAgeMs === undefined ? {} : { maxAgeMs }),
    ...(minFreshMs === undefined ? {} : { minFreshMs }),
    ...(maxStaleMs === undefined ? {} : { maxStaleMs }),
  }
}
