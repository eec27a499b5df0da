/** Whose request it is, when proxies stand between: what trusted ones say about the hop before them. */

import { BlockList, isIP, SocketAddress } from 'node:net'

export interface ClientAddressOptions {
  /** Addresses and CIDR blocks. */
  readonly trustedProxies: readonly string[]
  readonly source: 'x-forwarded-for' | 'forwarded'
}

/** The other end of a connection. */
export interface Peer {
  readonly address: string
  readonly trusted: boolean
}

export interface ClientAddresses {
  /** Once per connection: asking a BlockList costs about a microsecond. */
  peer(remoteAddress: string | undefined): Peer
  /** `field`: the value of the field named by `source`, all lines joined. */
  client(peer: Peer, field: string | undefined): string
}

/** Longer chains do not exist; this bounds the work that a client behind a trusted proxy can cause. */
const maxHops = 64

export function createClientAddresses(options: ClientAddressOptions): ClientAddresses {
  const proxies = blockListOf(options.trustedProxies)
  const hopsOf = options.source === 'forwarded' ? forwardedHops : listedHops
  const isTrusted = (address: string) => proxies.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
  return {
    peer(remoteAddress) {
      const address = canonicalAddress(remoteAddress ?? '')
      if (address === undefined) return { address: '', trusted: false }
      return { address, trusted: options.trustedProxies.length > 0 && isTrusted(address) }
    },
    client(peer, field) {
      let client = peer.address
      if (!peer.trusted || field === undefined) return client
      let left = maxHops
      for (const hop of hopsOf(field)) {
        const address = hop === undefined ? undefined : canonicalAddress(withoutPort(hop))
        if (address === undefined || left-- === 0) return client
        client = address
        if (!isTrusted(address)) return client
      }
      return client
    },
  }
}

function blockListOf(blocks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const block of blocks) {
    const [text = '', prefix] = block.split('/')
    const address = canonicalAddress(text)
    if (address === undefined) throw new Error(`not an address or CIDR block: ${block}`)
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    // A block of v4-mapped addresses is the v4 block it maps.
    const skipped = isIP(text) === 6 && family === 'ipv4' ? 96 : 0
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(prefix) - skipped, family)
  }
  return list
}

/** One spelling per address: v4-mapped as v4, v6 compressed in lower case, without a zone. Undefined when it is none. */
function canonicalAddress(text: string): string | undefined {
  const family = isIP(text)
  if (family === 4) return text
  if (family === 0) return undefined
  if (text.startsWith('::ffff:') && isIP(text.slice(7)) === 4) return text.slice(7)
  const { address } = new SocketAddress({ address: text.replace(/%.*$/, ''), family: 'ipv6' })
  return address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address
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
