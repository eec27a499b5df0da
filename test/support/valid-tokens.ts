/** Tokens that have to be let in, however seldom anybody writes them so: the counterpart of the hostile ones. */
import { encode, goodClaims, headerFor, type Part, seal, signToken, type TokenKeys, wanted } from './token-keys.ts'

export type ValidToken = readonly [title: string, token: string, subject: string | undefined]

const leeway = wanted.leewayMs / 1000

/** For a verifier with `trustedKeys(keys)` and what is `wanted`, when it is `nowMs`. Titles are unique. */
export function validTokens(keys: TokenKeys, nowMs: number): readonly ValidToken[] {
  return [...withEachKey(keys, nowMs), ...withUnusualHeaders(keys, nowMs), ...withUnusualClaims(keys, nowMs)]
}

function withEachKey(keys: TokenKeys, nowMs: number): readonly ValidToken[] {
  return [keys.rsa, keys.ec, keys.ed, keys.first, keys.second].map((key) => [
    `${key.algorithm} by ${key.id ?? 'a key without a name'}`,
    signToken(key, headerFor(key), goodClaims(nowMs)),
    'ann',
  ])
}

function withUnusualHeaders({ rsa, ec, first, strangers }: TokenKeys, nowMs: number): readonly ValidToken[] {
  const claims = goodClaims(nowMs)
  const url = 'https://127.0.0.1:9/keys.json'
  const headers: readonly (readonly [title: string, header: Part])[] = [
    ['a type', { typ: 'JWT', alg: 'RS256' }],
    ['the type of an access token', { typ: 'at+jwt', alg: 'RS256' }],
    ['a media type', { typ: 'application/at+jwt', alg: 'RS256' }],
    ['a kid no key has, where a key has no name', { alg: 'RS256', kid: 'rotated' }],
    ['an empty kid', { alg: 'RS256', kid: '' }],
    ['members nobody knows', { alg: 'RS256', 'x-tenant': { id: [1, null] }, nonce: 'ÄÖ', zip: 'DEF' }],
    ['a key of its own, which is not used', { alg: 'RS256', jwk: strangers.rsa.verifier.export({ format: 'jwk' }) }],
    ['addresses of keys, which are not used', { alg: 'RS256', jku: url, x5u: url }],
    ['white space', '{\n  "alg" : "RS256"\r\n\t}  '],
    ['escapes', '{"\\u0061lg":"\\u0052S256","a\\"b:":"{\\"c\\":1}"}'],
    ['a member named __proto__', '{"__proto__":{"alg":"none","crit":["x"]},"alg":"RS256"}'],
    ['one name at several depths', '{"alg":"RS256","x":{"alg":"none","x":[{"alg":1},{"alg":2}]}}'],
    ['great depth', `{"alg":"RS256","x":${'['.repeat(1000)}${']'.repeat(1000)}}`],
  ]
  return [
    ...headers.map(([title, header]) => [`a header with ${title}`, signToken(rsa, header, claims), 'ann'] as const),
    ['an ES256 kid no key has', signToken(ec, { alg: 'ES256', kid: 'first' }, claims), 'ann'],
    ['a secret by its name', signToken(first, { kid: 'first', typ: 'JWT', alg: 'HS256' }, claims), 'ann'],
  ]
}

function withUnusualClaims({ rsa }: TokenKeys, nowMs: number): readonly ValidToken[] {
  const good = goodClaims(nowMs)
  const now = nowMs / 1000
  const { sub: _sub, ...nameless } = good
  const accepted = (title: string, claims: Part, subject = 'ann') =>
    [title, signToken(rsa, { alg: 'RS256' }, claims), subject] as const
  const header = encode({ alg: 'RS256' })
  return [
    accepted('expired by a second less than the leeway', { ...good, exp: now - leeway + 1 }),
    accepted('expired by a fraction less than the leeway', { ...good, exp: now - leeway + 0.25 }),
    accepted('good in as long as the leeway', { ...good, nbf: now + leeway }),
    accepted('good since long ago', { ...good, nbf: 0, iat: 0 }),
    accepted('good before 1970', { ...good, nbf: -1.5 }),
    accepted('issued in the future', { ...good, iat: now + 86_400 }),
    accepted('an exp with a fraction', { ...good, exp: now + 0.5 }),
    accepted('an exp as an exponent', JSON.stringify(good).replace(/"exp":\d+/, '"exp":9.9e9')),
    accepted('an exp beyond all calendars', { ...good, exp: 1e300 }),
    accepted('the other issuer', { ...good, iss: 'https://other.example' }),
    accepted('the other audience', { ...good, aud: 'https://files.example/' }),
    accepted('a list of one audience', { ...good, aud: ['cdn'] }),
    accepted('a list of audiences', { ...good, aud: ['x', 'y', 'https://files.example/', 'cdn'] }),
    accepted('a subject in any script', { ...good, sub: 'Ännchen 安 \u{1f426}' }, 'Ännchen 安 \u{1f426}'),
    accepted('an empty subject', { ...good, sub: '' }, ''),
    accepted('a username for a subject', { ...nameless, username: 'bob' }, 'bob'),
    accepted('a username besides a subject', { ...good, username: 'bob' }),
    ['a username that is no text', signToken(rsa, { alg: 'RS256' }, { ...nameless, username: 7 }), undefined],
    ['nobody in particular', signToken(rsa, { alg: 'RS256' }, nameless), undefined],
    accepted('long claims', { ...good, groups: Array.from({ length: 500 }, (_, i) => `group-${i}`) }),
    accepted('claims of any kind', { ...good, a: null, b: [1, { c: false }], d: { e: { f: -1.5e-7 } }, '': 0 }),
    accepted('claims with white space', `\n ${JSON.stringify(good, undefined, 2)}\r\n\t`),
    accepted('a claim named __proto__', `${JSON.stringify(good).slice(0, -1)},"__proto__":{"exp":1}}`),
    ['signed as it is spelled', seal(rsa, `${header}.${encode(`  ${JSON.stringify(good)}`)}`), 'ann'],
  ]
}
