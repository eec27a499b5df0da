import { ProxyError } from '../base/errors.ts'

/** Where a bucket is served. Prefixes start with `/` and end with none, but for `/` itself. */
export interface Place {
  readonly pathPrefix: string
  /** Lower case, without port. Empty: any host that no bucket names. */
  readonly hosts: readonly string[]
}

export interface Match<R> {
  readonly route: R
  /** The decoded path below the prefix, without the slash between them: an object key. May be empty. */
  readonly key: string
}

interface Prefixes<R> {
  readonly routes: Map<string, R>
  /** Segments of the deepest prefix. */
  depth: number
  /** Of the prefixes: a part of a path that is as long as none of them need not be cut out and looked up, 0.5 µs each. */
  readonly lengths: Set<number>
}

function noPrefixes<R>(): Prefixes<R> {
  return { routes: new Map(), depth: 0, lengths: new Set() }
}

function addPlace<R extends Place>(prefixes: Prefixes<R>, route: R): void {
  prefixes.routes.set(route.pathPrefix, route)
  prefixes.lengths.add(route.pathPrefix.length)
  prefixes.depth = Math.max(prefixes.depth, route.pathPrefix.split('/').length - 1)
}

/**
 * Host, then longest path prefix at a segment boundary. Prefixes are compared with the decoded path, so that no spelling
 * of a path reaches another bucket than the plain one. Compiled once per configuration.
 */
export class RouteTable<R extends Place> {
  readonly #byHost = new Map<string, Prefixes<R>>()
  readonly #anyHost: Prefixes<R> = noPrefixes()

  constructor(routes: readonly R[]) {
    for (const route of routes) {
      for (const host of route.hosts) addPlace(this.#prefixesOf(host), route)
      if (route.hosts.length === 0) addPlace(this.#anyHost, route)
    }
  }

  /** Undefined when no bucket is served there. */
  match(host: string, path: string): Match<R> | undefined {
    const own = this.#byHost.size === 0 ? undefined : this.#byHost.get(host)
    return (own && longestPrefix(own, path)) ?? longestPrefix(this.#anyHost, path)
  }

  #prefixesOf(host: string): Prefixes<R> {
    const known = this.#byHost.get(host)
    if (known !== undefined) return known
    const prefixes: Prefixes<R> = noPrefixes()
    this.#byHost.set(host, prefixes)
    return prefixes
  }
}

/** Walks the path from its start, as many segments deep as any prefix goes: a key full of slashes costs nothing more. */
function longestPrefix<R extends Place>({ routes, depth, lengths }: Prefixes<R>, path: string): Match<R> | undefined {
  const root = routes.get('/')
  let best: Match<R> | undefined = root === undefined ? undefined : { route: root, key: path.slice(1) }
  for (let level = 0, from = 1; level < depth && from > 0; level++) {
    const slash = path.indexOf('/', from)
    const end = slash === -1 ? path.length : slash
    const route = lengths.has(end) ? routes.get(path.slice(0, end)) : undefined
    if (route !== undefined && end > 1) best = { route, key: path.slice(end + 1) }
    from = slash + 1
  }
  return best
}

const dotSegment = /(^|\/)\.{1,2}(\/|$)/

/**
 * Percent-decodes a request path once. Refuses what could be read in two ways: `.` and `..` segments however they are
 * written, NUL, broken encodings, and bytes that are no UTF-8.
 */
export function decodePath(raw: string): string {
  const path = /[%\x80-\xff]/.test(raw) ? decodeUtf8(raw) : raw
  if (path.includes('/.') && dotSegment.test(path)) throw new ProxyError('InvalidPath', 'dot segment in the path')
  if (path.includes('\0')) throw new ProxyError('InvalidPath', 'NUL in the path')
  return path
}

/** Bytes above 127 come from the parser as latin1 characters; both they and %-escapes must be UTF-8 together. */
function decodeUtf8(raw: string): string {
  try {
    return decodeURIComponent(raw.replace(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16)}`))
  } catch (cause) {
    throw new ProxyError('InvalidPath', 'broken percent-encoding or invalid UTF-8 in the path', { cause })
  }
}
