/** Whose request it is, when proxies stand between: what trusted ones say about the hop before them. */

import { canonicalAddress, createAddressSet } from './address-set.ts'

export interface ClientAddressOptions {
  /** Addresses and CIDR blocks. */
  readonly trustedProxies: readonly string[]
  /** `proxy-protocol`: they say it as they connect, and no field counts. */
  readonly source: 'x-forwarded-for' | 'forwarded' | 'proxy-protocol'
}

/** The other end of a connection. */
export interface Peer {
  readonly address: string
  readonly trusted: boolean
}

export interface ClientAddresses {
  /** Once per connection: its address stays what it is. */
  peer(remoteAddress: string | undefined): Peer
  /** `field`: the value of the field named by `source`, all lines joined. */
  client(peer: Peer, field: string | undefined): string
}

/** Longer chains do not exist; this bounds the work that a client behind a trusted proxy can cause. */
const maxHops = 64

export function createClientAddresses(options: ClientAddressOptions): ClientAddresses {
  const proxies = createAddressSet(options.trustedProxies)
  const hopsOf = options.source === 'forwarded' ? forwardedHops : listedHops
  return {
    peer(remoteAddress) {
      const address = canonicalAddress(remoteAddress ?? '')
      if (address === undefined) return { address: '', trusted: false }
      return { address, trusted: proxies.has(address) }
    },
    client(peer, field) {
      let client = peer.address
      if (!peer.trusted || field === undefined) return client
      let left = maxHops
      for (const hop of hopsOf(field)) {
        const address = hop === undefined ? undefined : canonicalAddress(withoutPort(hop))
        if (address === undefined || left-- === 0) return client
        client = address
        if (!proxies.has(address)) return client
      }
      return client
    },
  }
}

/** `1.2.3.4:80` and `[::1]:80`, as some proxies write them, become bare addresses. */
function withoutPort(hop: string): string {
  const bracketed = /^\[([^\]]*)\](?::[\w.-]+)?$/.exec(hop)
  if (bracketed !== null) return bracketed[1] ?? ''
  return hop.replace(/^([\d.]+):[\w.-]+$/, '$1')
}

/** The hops of X-Forwarded-For, nearest first. */
function* listedHops(field: string): Generator<string> {
  for (let end = field.length; end >= 0; ) {
    const comma = end === 0 ? -1 : field.lastIndexOf(',', end - 1)
    yield field.slice(comma + 1, end).trim()
    end = comma
  }
}

/**
 * The `for` of each element of Forwarded (RFC 7239 §4), nearest first; undefined where an element is malformed or has
 * none. Read from the right, so that what a client wrote cannot change how what the trusted proxies appended is cut.
 */
function* forwardedHops(field: string): Generator<string | undefined> {
  let end = field.length
  let isQuoted = false
  for (let i = field.length - 1; i >= 0; i--) {
    if (field[i] === '"') isQuoted = !isQuoted
    if (field[i] !== ',' || isQuoted) continue
    yield forwardedFor(field.slice(i + 1, end))
    end = i
  }
  yield forwardedFor(field.slice(0, end))
}

const forwardedPair = /[ \t]*([\w!#$%&'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s",;]+))[ \t]*(?:;|$)/y

function forwardedFor(element: string): string | undefined {
  let found: string | undefined
  forwardedPair.lastIndex = 0
  for (let at = 0; at < element.length; at = forwardedPair.lastIndex) {
    const pair = forwardedPair.exec(element)
    if (pair === null) return undefined
    const [, name, quoted, token] = pair
    if (name?.toLowerCase() !== 'for') continue
    if (found !== undefined) return undefined
    found = quoted ?? token
  }
  return found
}
