/** Requests nobody means well, from a seed: the same ones every time. */

export interface HostileRequest {
  readonly method: string
  readonly path: string
  /** As it goes on the wire, one character a byte. */
  readonly head: string
  readonly body: string
}

export interface Random {
  /** In [0, bound). */
  below(bound: number): number
  pick<T>(choices: readonly [T, ...T[]]): T
  chance(share: number): boolean
}

/** mulberry32. */
export function seededRandom(seed: number): Random {
  let state = seed
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (bound: number) => Math.floor(next() * bound)
  return {
    below,
    pick: (choices) => choices[below(choices.length)] ?? choices[0],
    chance: (share) => next() < share,
  }
}

/** A harmless one that ends the connection, when it is not ended before. */
const last: HostileRequest = {
  method: 'GET',
  path: '/ready',
  head: 'GET /ready HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n',
  body: '',
}

/** One to four requests for one connection, and a last one. */
export function hostileRequests(random: Random, keys: readonly string[]): readonly HostileRequest[] {
  return [...Array.from({ length: 1 + random.below(4) }, () => hostileRequest(random, keys)), last]
}

/** Most are well-formed, since the first that is not ends its connection and hides those behind it. */
function hostileRequest(random: Random, keys: readonly string[]): HostileRequest {
  const method = random.chance(0.8)
    ? 'GET'
    : random.pick(['HEAD', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'DELETE', 'PROPFIND'])
  const path = random.chance(0.8) ? spelled(random, keys) : strangePath(random)
  const fields = ['Host: a.test']
  for (let left = random.below(3); left > 0; left -= 1) fields.push(hostileField(random))
  const { framing, body } = random.chance(0.05) ? hostileBody(random) : { framing: [], body: '' }
  const version = random.chance(0.98) ? 'HTTP/1.1' : random.pick(['HTTP/1.0', 'HTTP/1.2', 'HTTP/2', 'http/1.1', ''])
  const lineEnd = random.chance(0.99) ? '\r\n' : random.pick(['\n', '\r', '\r\r\n'])
  const head = [`${method} ${path} ${version}`, ...fields, ...framing, '', ''].join(lineEnd)
  return { method, path, head, body }
}

/** A key that exists, in one of its many spellings. */
function spelled(random: Random, keys: readonly string[]): string {
  const key = keys[random.below(keys.length)] ?? ''
  let path = '/b/'
  for (const byte of Buffer.from(key)) {
    const char = String.fromCharCode(byte)
    const isPlain = /[\w./+-]/.test(char) && random.chance(0.85)
    const hex = byte.toString(16).padStart(2, '0')
    path += isPlain ? char : `%${random.chance(0.5) ? hex : hex.toUpperCase()}`
  }
  if (random.chance(0.2))
    path += random.pick(['?', '?acl', '?versionId=1', '?a=%zz', '?uploads&x=1', '?X-Amz-Signature=0'])
  return random.chance(0.05) ? `http://a.test${path}` : path
}

function strangePath(random: Random): string {
  const pieces = [
    ...['b', 'vault', 'a.txt', 'health', 'ready', 'metrics', 'admin', '..', '.', '%2e%2e', '%2E.', '..;', '%00', '%'],
    ...[
      '%zz',
      '%c0%ae',
      '%ff',
      '\xff',
      '\xc3\xa9',
      '%252e%252e',
      '%2f',
      '\\',
      '',
      '*',
      '#',
      ' ',
      '\t',
      '%0d%0a',
      '%',
      '?',
    ],
    'x'.repeat(9000),
  ] as const
  const count = random.below(6)
  const path = Array.from({ length: count }, () => random.pick(pieces as unknown as [string, ...string[]])).join('/')
  return random.chance(0.9) ? `/${path}` : path
}

function hostileField(random: Random): string {
  if (random.chance(0.6)) return random.pick([range, range, condition])(random)
  return random.pick(random.chance(0.9) ? oddFields : brokenFields)
}

function range(random: Random): string {
  const number = () => random.pick(['0', '1', '9', '499', '500', '1048575', '1048576', '99999999999999999999', ''])
  const spec = () => random.pick([`${number()}-${number()}`, `-${number()}`, `${number()}-`, 'a-b', '', ' '])
  const count = random.chance(0.9) ? 1 + random.below(3) : random.below(300)
  const unit = random.chance(0.9) ? 'bytes' : random.pick(['items', 'Bytes', '', 'bytes=bytes'])
  return `Range: ${unit}=${Array.from({ length: count }, spec).join(',')}`
}

function condition(random: Random): string {
  const name = random.pick(['If-Match', 'If-None-Match', 'If-Modified-Since', 'If-Unmodified-Since', 'If-Range'])
  const date = 'Wed, 01 Jan 2025 00:00:00 GMT'
  return `${name}: ${random.pick(['*', '"x"', 'W/"x"', '"x", *', '', '"', ',,,', date, 'yesterday', '"\xff"'])}`
}

const oddFields = [
  ...([
    'Connection: close',
    'Connection: Range, Host',
    'Upgrade: h2c',
    'Expect: 100-continue',
    'Expect: more',
  ] as const),
  ...([
    'TE: trailers',
    'Trailer: X',
    'Authorization: Bearer x.y.z',
    'Cookie: a=b',
    'Forwarded: for=_',
    'X: \xff\xfe',
  ] as const),
  ...(['X-Forwarded-For: 1.2.3.4, x', 'X-Amz-Acl: x', 'Accept: application/xml', 'Accept: */*;q=x'] as const),
  ...([
    'Cache-Control: only-if-cached',
    'Cache-Control: no-store, max-age=x',
    'Pragma: no-cache',
    'Origin: null',
  ] as const),
  ...(['X-Correlation-ID: a\tb', 'X-HTTP-Method-Override: PUT'] as const),
] as const

const brokenFields = [
  ...([
    'Host: b.test',
    'Host:',
    ': x',
    'X',
    'X: a\0b',
    'X : y',
    ' folded: x',
    `X-Long: ${'y'.repeat(20_000)}`,
  ] as const),
] as const

function hostileBody(random: Random): { framing: string[]; body: string } {
  const inner = 'GET /vault/a.txt HTTP/1.1\r\nHost: a.test\r\n\r\n'
  const length = `Content-Length: ${inner.length}`
  const chunked = 'Transfer-Encoding: chunked'
  const chunk = `${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n`
  return random.pick<{ framing: string[]; body: string }>([
    { framing: [length], body: inner },
    { framing: [chunked], body: chunk },
    { framing: [length, chunked], body: `0\r\n\r\n${inner}` },
    { framing: ['Content-Length: 0', length], body: inner },
    { framing: ['Content-Length: 0'], body: '' },
    { framing: ['Content-Length: -1'], body: '' },
    { framing: ['Content-Length: 99999999999999999999'], body: 'x' },
    { framing: ['Transfer-Encoding: \x0bchunked'], body: chunk },
    { framing: ['Transfer-Encoding : chunked'], body: chunk },
    { framing: ['Transfer-Encoding: chunked, identity'], body: chunk },
    { framing: [chunked], body: `zz\r\n${inner}` },
  ])
}
