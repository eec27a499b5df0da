/** What text in a setting may look like. Messages never repeat the text: it may hold a secret. */

import { isIP, isIPv4, isIPv6 } from 'node:net'
import { canonicalAddress } from '../http/address-set.ts'
import { Glob } from '../objects/glob.ts'

export interface Format {
  /** A regular expression for editors; what it lets through may still be refused by `problem`. */
  readonly pattern: string
  /** What is wrong with the text; undefined when nothing is. */
  problem(text: string): string | undefined
}

function format(pattern: string, message: string, further?: (text: string) => string | undefined): Format {
  const expression = new RegExp(pattern, 'u')
  return { pattern, problem: (text) => (expression.test(text) ? further?.(text) : message) }
}

export interface HostPort {
  readonly host: string
  readonly port: number | undefined
}

/** `host:port`, `[IPv6]:port`, or either without its port. */
export function parseHostPort(text: string): HostPort | undefined {
  if (isIPv6(text)) return { host: text, port: undefined }
  const parts = /^(?:\[([^\]]*)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/.exec(text)
  if (parts === null) return undefined
  const [, bracketed, name, portText] = parts
  const port = portText === undefined ? undefined : Number(portText)
  if (port !== undefined && port > 65535) return undefined
  if (bracketed !== undefined) return isIPv6(bracketed) ? { host: bracketed, port } : undefined
  const looksNumeric = /^[\d.]+$/.test(name ?? '')
  return name === undefined || (looksNumeric && !isIPv4(name)) ? undefined : { host: name, port }
}

export const listenAddress: Format = {
  pattern: String.raw`^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._:-]+)(:\d{1,5})?$`,
  problem: (text) =>
    parseHostPort(text) === undefined ? 'must be host:port, such as 0.0.0.0:8080 or [::]:8080' : undefined,
}

export const addressBlock: Format = {
  pattern: String.raw`^[0-9A-Fa-f:.]+(/\d{1,3})?$`,
  problem: (text) =>
    isAddressBlock(text) ? undefined : 'must be an address or a CIDR block, such as 10.0.0.0/8 or 2001:db8::/32',
}

function isAddressBlock(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/')
  const version = address.includes('%') ? 0 : isIP(address)
  if (version === 0 || rest.length > 0) return false
  if (bits === undefined) return true
  return /^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128) && !isBeyondMapped(address, Number(bits))
}

/** A block of v4-mapped addresses stands for a v4 block, so it cannot hold any other. */
function isBeyondMapped(address: string, bits: number): boolean {
  return isIPv6(address) && isIPv4(canonicalAddress(address) ?? '') && bits < 96
}

export const bucketName = format(
  '^[A-Za-z0-9._-]{1,64}$',
  'must be 1 to 64 letters, digits, dots, underscores or hyphens',
)

const reservedPrefixes = ['/admin', '/health', '/ready', '/metrics']

export const pathPrefix = format('^/', 'must start with /', (text) => {
  if (text === '/') return undefined
  if (text.endsWith('/')) return 'must not end with /'
  if (text.includes('%')) return 'must be written without percent-encoding'
  if (!/^[A-Za-z0-9._~!$&'()*+,;=:@/-]+$/.test(text)) return 'holds a character that a plain URL path cannot hold'
  const segments = text.slice(1).split('/')
  if (segments.includes('')) return 'must not hold an empty segment'
  if (segments.some((segment) => segment === '.' || segment === '..')) return 'must not hold . or .. segments'
  const reserved = reservedPrefixes.find((prefix) => prefix === `/${segments[0]}`)
  return reserved === undefined ? undefined : `${reserved} is reserved`
})

/** No path begins with anything but a slash. */
export const pathPattern = format('^[/*?]', 'must begin with / or *, as in /products/*', (text) =>
  Glob.parse(text) === undefined ? 'must be at most 2048 characters, without a backslash at the end' : undefined,
)

export const statusRange = format(
  '^[1-5](xx|[0-9]{2}(-[1-5][0-9]{2})?)$',
  'must be a status such as 404, a class such as 5xx, or a range such as 500-504',
  (text) => {
    const [from = '', to = from] = text.split('-')
    return to < from ? 'must not end below its begin' : undefined
  },
)

export const hostName = format(
  String.raw`^([A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*|\[[0-9A-Fa-f:.]+\])$`,
  'must be a host name without a port, such as assets.example.com',
)

export const endpointUrl = format(
  String.raw`^https?://[^\s/?#@\\]+/?$`,
  'must be an http or https URL of scheme, host and port only, such as https://s3.example.com:9000',
  (text) => (URL.canParse(text) ? undefined : 'must be a valid URL'),
)

/** Keys that travel in the clear could be anybody's: only loopback may do without TLS. */
export const jwksUrl = format(
  String.raw`^https?://[^\s#\\]+$`,
  'must be an https URL, such as https://id.example.com/jwks.json',
  (text) => {
    if (!URL.canParse(text)) return 'must be a valid URL'
    if (holdsUser(text)) return 'must not hold a user or a password'
    return travelsSafely(text) ? undefined : 'must be https: http is for loopback hosts only'
  },
)

export const webhookUrl = format(
  String.raw`^https?://[^\s#\\]+$`,
  'must be an http or https URL, such as https://hooks.example.com/yatagarasu',
  (text) => {
    if (!URL.canParse(text)) return 'must be a valid URL'
    return holdsUser(text) ? 'must not hold a user or a password' : undefined
  },
)

/** Where spans go. A query might hold a key, and this URL is shown to administrators. */
export const collectorUrl = format(
  String.raw`^https?://[^\s?#\\]+$`,
  'must be an http or https URL without a query, such as http://localhost:4318',
  (text) => {
    if (!URL.canParse(text)) return 'must be a valid URL'
    return holdsUser(text) ? 'must not hold a user or a password' : undefined
  },
)

function holdsUser(url: string): boolean {
  const { username, password } = new URL(url)
  return username !== '' || password !== ''
}

/** Nobody on the way can read or change what is said: TLS, or no way at all. For a valid URL. */
export function travelsSafely(url: string): boolean {
  const { protocol, hostname } = new URL(url)
  const isLoopback = hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
  return protocol === 'https:' || isLoopback
}

export const redisUrl = format(
  String.raw`^rediss?://[^\s/?#\\]+(/\d*)?$`,
  'must be a redis:// or rediss:// URL, such as redis://cache.example.com:6379/0',
  (text) => {
    // The password may hold what only looks like a URL; node's parser is the one that will read it.
    if (!URL.canParse(text) || new URL(text).hostname === '') return 'must be a valid URL'
    const { username, password } = new URL(text)
    return isPercentEncoded(username) && isPercentEncoded(password) ? undefined : 'must be a valid URL'
  },
)

function isPercentEncoded(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false // translated: it is no such text
  }
}

export const redisHost = serverHost('sentinel.example.com:26379')
export const syslogHost = serverHost('logs.example.com:514')

function serverHost(example: string): Format {
  const message = `must be a host, or host:port, such as ${example}`
  return format(String.raw`^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._:-]+)(:\d{1,5})?$`, message, (text) =>
    parseHostPort(text) === undefined ? message : undefined,
  )
}

export const s3Bucket = format(
  String.raw`^(?!\.{1,2}$)[A-Za-z0-9._:-]{1,255}$`,
  'must be the name of an S3 bucket: letters, digits, dots, underscores and hyphens',
)

/** Goes in front of object keys, which hold 1024 bytes at most. */
export const keyPrefix: Format = {
  pattern: String.raw`^[^\x00-\x1f\x7f]*$`,
  problem(text) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
    if (/[\x00-\x1f\x7f]/.test(text)) return 'must hold no control characters'
    return Buffer.byteLength(text) > 900 ? 'must not be longer than 900 bytes' : undefined
  },
}

/** What a bucket must look like to be part of a host name. */
export const dnsBucket = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/

export const s3Region = format('^[A-Za-z0-9_-]{1,64}$', 'must be a region, such as eu-central-1')

/** Goes into a header of requests to S3. */
export const credential = format(String.raw`^[\x21-\x7e]*$`, 'must hold no spaces, line ends or control characters')

const fieldName = "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}$"
const hopByHop = /^(connection|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade)$/i
const hopByHopMessage = 'belongs to one connection and cannot be set here'

export const headerName = format(fieldName, 'must be the name of a header field')

export const responseHeader = format(fieldName, 'must be the name of a header field', (text) => {
  if (hopByHop.test(text)) return hopByHopMessage
  return /^content-(length|range)$/i.test(text) ? 'is set by the proxy alone' : undefined
})

const keptFromOrigin =
  /^(authorization|proxy-authorization|cookie|host|range|if-.*|forwarded|x-forwarded-.*|x-amz-.*|content-length|x-correlation-id)$/i

export const forwardedHeader = format(fieldName, 'must be the name of a header field', (text) => {
  if (hopByHop.test(text)) return hopByHopMessage
  return keptFromOrigin.test(text) ? 'is never sent to the origin' : undefined
})

/** One character per byte, as HTTP sends it. */
export const headerValue = format(
  String.raw`^([\x21-\x7e\xa0-\xff]([\t\x20-\x7e\xa0-\xff]*[\x21-\x7e\xa0-\xff])?)?$`,
  'must be text that a header field can hold: no line ends, control characters, or spaces at either end',
)

export const corsOrigin = format(
  String.raw`^(\*|[A-Za-z][A-Za-z0-9+.-]*://[^\s/?#@\\*]+)$`,
  'must be * or an origin, such as https://app.example.com, without a path',
)

export const corsHeader = headerName

/** RFC 6265 §4.1.1. */
export const cookieName = format(fieldName, 'must be the name of a cookie')

export const queryName = format(String.raw`^[^\s&=#\x00-\x1f]{1,256}$`, 'must be the name of a query parameter')
