/** What must not be told of a request: tokens, signatures, credentials, and whole addresses where those are not wanted. */

import { isIPv4, isIPv6 } from 'node:net'
import { unescape as percentDecode } from 'node:querystring'

export interface RedactionOptions {
  /** Fields of which nothing is told, in lower case, beside those that always carry secrets. */
  readonly headers: readonly string[]
  /** Query parameters that carry tokens, by their decoded names, beside those that always do. In any case. */
  readonly parameters: readonly string[]
  readonly anonymizeIp: boolean
}

export interface Redaction {
  /** Path and query as received. */
  target(path: string, query: string): string
  /** Anything that may be a URL, or a part of one. */
  url(text: string): string
  /** The value of a header field; `name` in lower case. */
  field(name: string, value: string): string
  referer(value: string): string
  userAgent(value: string): string
  address(address: string): string
}

export const redacted = '[REDACTED]'

/** What URLs are signed with at AWS, Google, CloudFront and Azure, and what passwords and tokens are usually called. */
const secretParameters = [
  ...['x-amz-signature', 'x-amz-credential', 'x-amz-security-token', 'awsaccesskeyid', 'signature', 'key-pair-id'],
  ...['x-goog-signature', 'x-goog-credential', 'googleaccessid', 'sig'],
  ...['token', 'access_token', 'id_token', 'refresh_token', 'jwt', 'auth', 'authorization'],
  ...['api_key', 'apikey', 'api-key', 'client_secret', 'secret', 'password', 'passwd'],
]

/** Fields whose name says that they hold tokens, passwords or keys: those of HTTP, of S3, and what gateways call theirs. */
const secretField =
  /authorization|authentication-info|\bauth\b|cookie|session|token|secret|password|passwd|credential|signature|(?:api|access|customer)-?key|jwt|assertion/

/** A query within a query, percent-encoded, is looked into so many times. */
const maxDepth = 3

type IsSecret = (name: string) => boolean

export function createRedaction(options: RedactionOptions): Redaction {
  const names = new Set([...secretParameters, ...options.parameters].map((name) => name.toLowerCase()))
  const isSecret: IsSecret = (name) => names.has(name.toLowerCase())
  const hidden = new Set(options.headers)
  const hidesReferer = hidden.has('referer')
  const hidesUserAgent = hidden.has('user-agent')
  const url = (text: string) => redactUrl(text, isSecret)
  return {
    target: (path, query) => (query === '' ? path : `${path}?${redactQuery(query, isSecret)}`),
    url,
    field: (name, value) => (secretField.test(name) || hidden.has(name) ? redacted : url(value)),
    referer: hidesReferer ? () => redacted : url,
    userAgent: hidesUserAgent ? () => redacted : redactCredentials,
    address: options.anonymizeIp ? anonymized : (address) => address,
  }
}

/** RFC 3986 §3.2.1. */
const userInfo = /^([a-z][a-z\d+.-]*:)?\/\/[^/?#]*@/i

function redactUrl(text: string, isSecret: IsSecret): string {
  const anonymous = text.includes('@') ? text.replace(userInfo, '$1//') : text
  const end = anonymous.search(/[?#;]/) + 1
  if (end === 0) return redactCredentials(anonymous)
  return redactCredentials(anonymous.slice(0, end)) + redactQuery(anonymous.slice(end), isSecret)
}

function redactQuery(query: string, isSecret: IsSecret, depth = 0): string {
  return query
    .split('&')
    .map((part) => redactPart(part, isSecret, depth))
    .join('&')
}

/**
 * What stands between two `&`. The value of a secret ends with it, whatever it contains. To some who read a query `;` ends
 * a parameter as well, and a value may be a URL with a query of its own.
 */
function redactPart(part: string, isSecret: IsSecret, depth: number): string {
  let offset = 0
  for (const piece of part.split(/[;?#]/)) {
    const equals = piece.indexOf('=')
    if (equals !== -1 && isSecret(piece.slice(0, equals))) return part.slice(0, offset + equals + 1) + redacted
    offset += piece.length + 1
  }
  if (depth < maxDepth && /[%+]/.test(part)) {
    const decoded = percentDecode(part.replaceAll('+', ' '))
    const isHarmless = redactQuery(decoded, isSecret, depth + 1) === decoded
    if (!isHarmless) return part.slice(0, part.indexOf('=') + 1) + redacted
  }
  return redactCredentials(part)
}

/** RFC 6750 §2.1, and the compact forms of RFC 7515 and 7516: a base64url object header and two to four parts more. */
const bearer = /\b(bearer)(?:\s|%20|\+)+[^\s&"',;]+/gi
const compactToken = /(?<![\w-])e(?:y[AJ]|wo[gi]|w0K)[\w-]{16,}(?:(?:\.|%2[Ee])[\w-]*){2,4}/g

function redactCredentials(text: string): string {
  if (!/bearer|e[yw]/i.test(text)) return text
  return text.replace(bearer, `$1 ${redacted}`).replace(compactToken, redacted)
}

/** An IPv4 address without its last byte, an IPv6 address as its /48: what is left names a network, not a household. */
function anonymized(address: string): string {
  const [bare = ''] = address.split('%')
  if (isIPv4(bare) || /^::ffff:[\d.]+$/i.test(bare)) return bare.replace(/\d+$/, '0')
  return isIPv6(bare) ? networkOf(bare) : redacted
}

function networkOf(address: string): string {
  const [head = '', tail] = address.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const groups = [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after]
  const network = groups.slice(0, 3).map((group) => Number.parseInt(group, 16).toString(16))
  while (network.at(-1) === '0') network.pop()
  return `${network.join(':')}::`
}
