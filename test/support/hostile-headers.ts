/** Tokens whose header names, brings or demands what it should not. */
import { createSecretKey } from 'node:crypto'
import type { HostileToken } from './hostile-tokens.ts'
import { encode, goodClaims, type SigningKey, signature, signToken, type TokenKeys } from './token-keys.ts'

export function hostileHeaders(keys: TokenKeys, nowMs: number): readonly HostileToken[] {
  const claims = goodClaims(nowMs)
  return [
    ...namesOfNoKey(keys.first, claims),
    ...keysBroughtAlong(keys, claims),
    ...extensions(keys.rsa, claims),
    ...notAnObject(keys.rsa, claims),
  ]
}

function namesOfNoKey(first: SigningKey, claims: object): readonly HostileToken[] {
  const names = [
    ...[
      '../../dev/null',
      '/dev/null',
      'file:///dev/null',
      "' OR 1=1 --",
      "x' UNION SELECT 'key",
      '| id',
      '$(id)',
      '%00',
    ],
    ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', '0', 'length', 'null', 'undefined', '*', '', 'edge'],
    ...[
      'FIRST',
      'First',
      'first ',
      ' first',
      'first\0',
      'firs',
      'first,second',
      'first/../second',
      'ﬁrst',
      'f'.repeat(2000),
    ],
  ]
  const nobodysSecret = createSecretKey(Buffer.alloc(1))
  const input = `${encode({ alg: 'HS256', kid: '../../dev/null' })}.${encode(claims)}`
  return [
    ...names.map(
      (kid) => [`kid ${titled(kid)}`, signToken(first, { alg: 'HS256', kid }, claims), 'unknown-key'] as const,
    ),
    ...[1, null, true, ['first'], [], {}, { first: 'first' }].map(
      (kid) =>
        [
          `kid ${JSON.stringify(kid)} that is no text`,
          signToken(first, { alg: 'HS256', kid }, claims),
          'malformed',
        ] as const,
    ),
    ['no kid for a key that has one', signToken(first, { alg: 'HS256' }, claims), 'unknown-key'],
    ['a secret of zero', `${input}.${signature('HS256', nobodysSecret, input).toString('base64url')}`, 'unknown-key'],
  ]
}

/** RFC 8725 §3.10: nobody has vouched for these. */
function keysBroughtAlong({ strangers, second }: TokenKeys, claims: object): readonly HostileToken[] {
  const jwk = strangers.rsa.verifier.export({ format: 'jwk' })
  const der = strangers.rsa.verifier.export({ type: 'spki', format: 'der' }).toString('base64')
  const url = 'https://127.0.0.1:9/keys.json'
  const secret = { kty: 'oct', k: second.signer.export().toString('base64url'), alg: 'HS256', kid: 'first' }
  const foreign = (more: object) => signToken(strangers.rsa, { alg: 'RS256', ...more }, claims)
  return [
    ['a key of its own', foreign({ jwk }), 'bad-signature'],
    ['a key of its own with a name', foreign({ kid: 'mine', jwk: { ...jwk, kid: 'mine' } }), 'bad-signature'],
    ['a key set of its own', foreign({ jwks: { keys: [jwk] } }), 'bad-signature'],
    ['the address of a key set', foreign({ jku: url }), 'bad-signature'],
    ['the address of a certificate', foreign({ x5u: url }), 'bad-signature'],
    ['a certificate of its own', foreign({ x5c: [der] }), 'bad-signature'],
    ['the digest of a certificate', foreign({ x5t: 'AAAA', 'x5t#S256': 'AAAA' }), 'bad-signature'],
    ['a secret of its own', signToken(second, { alg: 'HS256', kid: 'first', jwk: secret }, claims), 'bad-signature'],
    ['the secret of another kid', signToken(second, { alg: 'HS256', kid: 'first' }, claims), 'bad-signature'],
  ]
}

/** RFC 7515 §4.1.11, RFC 7797 §7. */
function extensions(rsa: SigningKey, claims: object): readonly HostileToken[] {
  const values = [['b64'], ['exp'], ['alg'], ['http://example.com/ext'], [], [''], [1], 'exp', null, true, {}, false]
  const unencoded = `${encode({ alg: 'RS256', b64: false, crit: ['b64'] })}.${JSON.stringify(claims).replaceAll('.', '')}`
  return [
    ...values.map(
      (crit) =>
        [`crit ${JSON.stringify(crit)}`, signToken(rsa, { alg: 'RS256', crit, exp: 1 }, claims), 'malformed'] as const,
    ),
    ...[false, true, null, 'false'].map(
      (b64) => [`b64 ${JSON.stringify(b64)}`, signToken(rsa, { alg: 'RS256', b64 }, claims), 'malformed'] as const,
    ),
    ['b64 false, and crit says so', signToken(rsa, { alg: 'RS256', b64: false, crit: ['b64'] }, claims), 'malformed'],
    [
      'a payload that is not encoded',
      `${unencoded}.${signature('RS256', rsa.signer, unencoded).toString('base64url')}`,
      'malformed',
    ],
  ]
}

function notAnObject(rsa: SigningKey, claims: object): readonly HostileToken[] {
  const headers = [
    ...['{"alg":"none","alg":"RS256"}', '{"alg":"RS256","alg":"none"}', '{"alg":"RS256","alg":"RS256"}'],
    ...[
      '{"alg":"HS256","\\u0061lg":"RS256"}',
      '{"alg":"RS256","kid":"a","kid":"b"}',
      '{"alg":"RS256","x":{"y":1,"y":2}}',
    ],
    ...[
      '{"alg":"RS256","x":[{"y":1,"y":2}]}',
      '{"__proto__":1,"alg":"RS256","__proto__":2}',
      '{"__proto__":{"alg":"RS256"}}',
    ],
    ...['{}', '[]', 'null', 'true', '256', '"RS256"', '["alg","RS256"]', '[{"alg":"RS256"}]', 'RS256', 'alg=RS256'],
    ...['{"alg":"RS256",}', '{"alg":"RS256"', '{"alg":"RS256"}}', '{"alg":"RS256"}{"alg":"RS256"}', "{'alg':'RS256'}"],
    ...[
      '{alg:"RS256"}',
      '/**/{"alg":"RS256"}',
      '{"alg":"RS256"}\0',
      '\ufeff{"alg":"RS256"}',
      '{"alg":"RS256","x":"\n"}',
    ],
    ...['{"ALG":"RS256"}', '{"alg ":"RS256"}', `${'['.repeat(3000)}`, `{"alg":"RS256","x":${'['.repeat(3000)}`],
  ]
  return [
    ...headers.map((header) => [`header ${titled(header)}`, signToken(rsa, header, claims), 'malformed'] as const),
    ['a header in UTF-16', signToken(rsa, Buffer.from('{"alg":"RS256"}', 'utf16le'), claims), 'malformed'],
    ['a header in latin1', signToken(rsa, Buffer.from('{"alg":"RS256","x":"ö"}', 'latin1'), claims), 'malformed'],
    ['a header encoded twice', signToken(rsa, encode({ alg: 'RS256' }), claims), 'malformed'],
  ]
}

function titled(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 20)}… (${text.length})` : text)
}
