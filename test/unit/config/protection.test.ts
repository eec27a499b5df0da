// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${…}` is what config files hold
import assert from 'node:assert/strict'
import test from 'node:test'
import { stringify } from 'yaml'
import type { AccessConfig } from '../../../src/config/config.ts'
import { parseConfig } from '../../../src/config/load.ts'
import { fc } from '../../support/fast-check.ts'
import { accessOf, below, buckets, key, secret } from './access-yaml.ts'
import { problemsOf, warningsOf } from './parse-yaml.ts'

const needsKey = 'needs a key to verify tokens with: secret, the path of a public key, keys or jwks_url'

const isProtected = ({ jwt }: AccessConfig) => jwt !== undefined
const secretsOf = ({ jwt }: AccessConfig) =>
  jwt?.keys.kind === 'static' ? jwt.keys.keys.map((one) => ('secret' in one ? one.secret : one.pem)) : jwt?.keys.url

/** Is a bucket with these settings, below this top level, protected? */
const protections: readonly (readonly [title: string, text: string, expected: boolean])[] = [
  ['no block, nothing above', buckets(''), false],
  ['a block', buckets(`jwt: { ${key} }`), true],
  ['a block that says true', buckets(`jwt: { enabled: true, ${key} }`), true],
  ['a block that says false', buckets(`jwt: { enabled: false, ${key} }`), false],
  ['an auth block', buckets(`auth: { jwt: { ${key} } }`), true],
  ['an auth block that says true', buckets(`auth: { enabled: true, jwt: { ${key} } }`), true],
  ['an auth block that says false', buckets(`auth: { enabled: false, jwt: { ${key} } }`), false],
  ['an auth block that says false inside', buckets(`auth: { jwt: { enabled: false, ${key} } }`), false],
  ['an auth block that says false twice', buckets(`auth: { enabled: false, jwt: { enabled: false } }`), false],
  ['an auth block that says false and no more', buckets('auth: { enabled: false }'), false],
  ['no block, keys above', below(key, ''), false],
  ['no block, enabled above', below(`enabled: true, ${key}`, ''), true],
  ['no block, disabled above', below(`enabled: false, ${key}`, ''), false],
  ['an empty block, keys above', below(key, 'jwt: {}'), true],
  ['a block without a value, keys above', below(key, 'jwt: '), true],
  ['an auth block without a value, keys above', below(key, 'auth: '), true],
  ['an auth block whose jwt has no value, keys above', below(key, 'auth: { jwt: }'), true],
  ['an empty block, disabled above', below(`enabled: false, ${key}`, 'jwt: {}'), true],
  ['a block whose switch came out empty, keys above', below(key, 'jwt: { enabled: "${ON:-}" }'), true],
  ['a block that says false, enabled above', below(`enabled: true, ${key}`, 'jwt: { enabled: false }'), false],
]

for (const [title, text, expected] of protections) {
  test(`a bucket with ${title} is ${expected ? 'protected' : 'public'}`, () => {
    assert.deepEqual(accessOf(text).map(isProtected), [expected])
  })
}

test('whatever the blocks say, a bucket is refused, protected by a key, or meant to be public', () => {
  const some = <T>(...values: readonly T[]) => fc.option(fc.constantFrom(...values), { nil: undefined })
  const block = fc.record({
    enabled: some<unknown>(true, false, null, ''),
    algorithm: some('HS256', '', null),
    secret: some(secret, '', null),
    jwks_url: some('https://k.example', '', null),
    keys: some<unknown>([], [{ algorithm: 'HS256', secret }], null),
  })
  const saysNo = (given: { readonly enabled?: unknown } | null) => given?.enabled === false
  const own = fc.oneof(
    fc.constant({ settings: {}, expected: 'as above' }),
    fc.option(block).map((jwt) => ({ settings: { jwt }, expected: !saysNo(jwt) })),
    fc.record({ enabled: some(true, false), jwt: fc.option(block) }).map((auth) => ({
      settings: { auth },
      expected: auth.enabled !== false && !saysNo(auth.jwt),
    })),
  )
  fc.assert(
    fc.property(block, own, (top, { settings, expected }) => {
      const s3 = { bucket: 'b-1', region: 'r' }
      const file = { jwt: top, buckets: [{ name: 'a', path_prefix: '/a', s3, ...settings }] }
      const result = parseConfig(stringify(file), {})
      if (result.kind === 'problems') return
      const { jwt } = result.config.buckets[0]?.access ?? {}
      assert.equal(jwt !== undefined, expected === 'as above' ? top.enabled === true : expected)
      assert.ok(jwt?.keys.kind !== 'static' || jwt.keys.keys.length > 0)
    }),
    { numRuns: 1000 },
  )
})

/** A protected bucket whose tokens nothing verifies. */
const keyless: readonly (readonly [text: string, ...problems: string[]])[] = [
  [buckets('jwt: {}'), `buckets[0].jwt (line 2): ${needsKey}`],
  [buckets('jwt: '), `buckets[0].jwt (line 2): ${needsKey}`],
  [buckets('auth: { enabled: true }'), `buckets[0].auth (line 2): ${needsKey}`],
  [buckets('auth: '), `buckets[0].auth (line 2): ${needsKey}`],
  [buckets('auth: { jwt: {} }'), `buckets[0].auth.jwt (line 2): ${needsKey}`],
  [buckets('jwt: { algorithm: HS256 }'), `buckets[0].jwt (line 2): ${needsKey}`],
  [buckets('jwt: { keys: [] }'), 'buckets[0].jwt.keys (line 2): must not be empty: a bucket is protected by it'],
  [
    buckets('jwt: { algorithm: HS256, secret: "" }'),
    'buckets[0].jwt.secret (line 2): must not be empty: a bucket is protected by it',
  ],
  [
    buckets('jwt: { algorithm: HS256, secret: "${GONE:-}" }'),
    'buckets[0].jwt.secret (line 2): must not be empty: a bucket is protected by it',
  ],
  [
    buckets('auth: { jwt: { algorithm: HS256, secret: "" } }'),
    'buckets[0].auth.jwt.secret (line 2): must not be empty: a bucket is protected by it',
  ],
  [
    buckets('jwt: { jwks_url: "" }'),
    'buckets[0].jwt.jwks_url (line 2): must not be empty: a bucket is protected by it',
  ],
  // Its own key came out empty: another one does not step in.
  [
    below(key, 'jwt: { secret: "${GONE:-}" }'),
    'buckets[0].jwt.secret (line 3): must not be empty: a bucket is protected by it',
  ],
  [below(key, 'jwt: { algorithm: HS256 }'), `buckets[0].jwt (line 3): ${needsKey}`],
  // What is missing above, where nothing is asked of it, excuses nobody below.
  [below('enabled: false, secret: "${GONE}"', 'jwt: { algorithm: HS256 }'), `buckets[0].jwt (line 3): ${needsKey}`],
  [
    below('enabled: false, secret: "${GONE}"', 'jwt: { keys: [] }'),
    'buckets[0].jwt.keys (line 3): must not be empty: a bucket is protected by it',
  ],
  [below('enabled: true', '', ''), `jwt (line 1): ${needsKey}`],
  [
    below('enabled: true, algorithm: HS256, secret: ""', '', 'jwt: {}'),
    'jwt.secret (line 1): must not be empty: a bucket is protected by it',
  ],
  [
    buckets('jwt: { jwks_url: "http://keys.example" }'),
    'buckets[0].jwt.jwks_url (line 2): must be https: http is for loopback hosts only',
  ],
  [buckets('jwt: { enabled: "false" }'), 'buckets[0].jwt.enabled (line 2): must be true or false, without quotes'],
  [buckets('jwt: off'), 'buckets[0].jwt (line 2): must be a section of settings, not a single value'],
  [buckets('auth: [x]'), 'buckets[0].auth (line 2): must be a section of settings, not a list'],
]

for (const [text, ...problems] of keyless) {
  test(`${text.split('\n').join(' ')} does not start`, () => assert.deepEqual(problemsOf(text), problems))
}

test('a variable that is not set is told wherever a protected bucket needs it', () => {
  const above = (enabled: string) => `jwt:\n  ${enabled}algorithm: HS256\n  secret: \${GONE}\n`
  const unset = (line: number) => [`jwt.secret (line ${line}): the environment variable GONE must be set`]
  assert.deepEqual(problemsOf(`${above('enabled: true\n  ')}${buckets('')}`), unset(4))
  assert.deepEqual(problemsOf(`${above('enabled: false\n  ')}${buckets('jwt: {}')}`), unset(4))
  assert.deepEqual(problemsOf(`${above('')}${buckets('')}`), unset(3))
  assert.deepEqual(problemsOf(`${above('enabled: false\n  ')}${buckets('', 'jwt: { enabled: false }')}`), [])
  assert.deepEqual(problemsOf(`${above('enabled: false\n  ')}${buckets(`jwt: { ${key} }`)}`), [])
})

test('what a top level that is switched off says of tokens is not lost on those who inherit it', () => {
  const above = 'jwt:\n  enabled: false\n  issuer: ${GONE}\n  keys:\n    - secret: abc\n'
  assert.deepEqual(problemsOf(`${above}${buckets(`jwt: { ${key} }`)}`), [
    'jwt.issuer (line 3): the environment variable GONE must be set',
  ])
  assert.deepEqual(problemsOf(`${above}${buckets('jwt: { issuer: me }')}`), [
    'jwt.keys[0].algorithm (line 5): is required',
  ])
})

test('nothing is wrong with the inside of a block that is switched off', () => {
  const inside = 'secret: "${GONE}", jwks_url: "https://k.example", claims: [{ claim: "${GONE}", operator: gt }]'
  assert.deepEqual(problemsOf(buckets(`jwt: { enabled: false, ${inside} }`)), [])
  assert.deepEqual(problemsOf(buckets(`auth: { enabled: false, jwt: { ${inside} } }`)), [])
  assert.deepEqual(problemsOf(below(`enabled: false, ${inside}, algorithm: RS256`, '')), [])
  assert.deepEqual(problemsOf(below('enabled: false, secret: s, algorithm: RS256', '')), [])
})

test('keys are inherited together or not at all, the rest key by key', () => {
  const above = `${key}, issuer: [i, j], audience: a, leeway_seconds: 1.5, require_exp: false,
  token_sources: [{ type: cookie, name: c }], claims: [{ claim: x, operator: exists }]`
  const [a, b, c] = accessOf(
    below(
      above,
      'jwt: { leeway_seconds: 0 }',
      'jwt: { jwks_url: "https://k.example", jwks_refresh_interval_seconds: 5, issuer: k, audience: [], claims: [] }',
      'jwt: { algorithm: HS512, secret: "${OWN}", token_sources: [{ type: bearer }], require_exp: true }',
    ),
    { OWN: 'o'.repeat(64) },
  )
  assert.deepEqual(
    [a, b, c].map((access) => access && secretsOf(access)),
    [[secret], 'https://k.example', ['o'.repeat(64)]],
  )
  assert.deepEqual(
    [a, b, c].map((access) => access?.jwt?.issuer),
    [['i', 'j'], ['k'], ['i', 'j']],
  )
  assert.deepEqual(
    [a, b, c].map((access) => access?.jwt?.audience),
    [['a'], [], ['a']],
  )
  assert.deepEqual(
    [a, b, c].map((access) => access?.jwt?.leewayMs),
    [0, 1500, 1500],
  )
  assert.deepEqual(
    [a, b, c].map((access) => access?.jwt?.requireExp),
    [false, false, true],
  )
  assert.deepEqual(
    [a, b, c].map((access) => access?.claims.length),
    [1, 0, 1],
  )
  assert.deepEqual(
    [a, b, c].map((access) => access?.jwt?.sources[0]?.kind),
    ['cookie', 'cookie', 'bearer'],
  )
  assert.deepEqual(b?.jwt?.keys, { kind: 'jwks', url: 'https://k.example', refreshIntervalMs: 5000 })
})

test('a bucket with a key of its own takes none of several above', () => {
  const [a, b] = accessOf(
    below(`keys: [{ ${key} }]`, `jwt: { algorithm: HS256, secret: ${'o'.repeat(32)} }`, 'jwt: {}'),
  )
  assert.deepEqual(
    [a, b].map((access) => access && secretsOf(access)),
    [['o'.repeat(32)], [secret]],
  )
  assert.deepEqual(problemsOf(below('jwks_url: "https://k.example"', `jwt: { ${key} }`)), [])
})

test('what a protected bucket does not say has its default', () => {
  assert.deepEqual(accessOf(buckets(`jwt: { ${key} }`))[0]?.jwt, {
    keys: { kind: 'static', keys: [{ algorithm: 'HS256', secret }] },
    sources: [{ kind: 'bearer' }],
    issuer: [],
    audience: [],
    leewayMs: 30_000,
    requireExp: true,
  })
})

test('buckets whose tokens are verified alike share one verifier', () => {
  const claims = 'claims: [{ claim: x, operator: exists }]'
  const [a, b, c, d] = accessOf(
    below(`enabled: true, ${key}`, '', `jwt: { ${claims} }`, `jwt: { ${key} }`, 'jwt: { audience: other }'),
  )
  assert.ok(a?.jwt === b?.jwt && a?.jwt === c?.jwt)
  assert.notEqual(a?.jwt, d?.jwt)
})

test('a mistake that several buckets inherit is told once', () => {
  assert.deepEqual(problemsOf(below('enabled: true, algorithm: RS256, secret: s', '', 'jwt: {}', 'jwt: {}')), [
    'jwt.secret (line 1): does not go with RS256, which takes the path of a public key',
  ])
})

test('buckets that stay public beside keys at the top are warned about', () => {
  const warning = 'protects no bucket without a jwt block of its own unless it says enabled: true; public: b, d'
  assert.deepEqual(warningsOf(below(key, 'jwt: {}', '', 'jwt: { enabled: false }', '')), [`jwt (line 1): ${warning}`])
  assert.deepEqual(warningsOf(below(`enabled: false, ${key}`, '')), [])
  assert.deepEqual(warningsOf(below('leeway_seconds: 1', '')), [])
  assert.deepEqual(warningsOf(below(key, 'jwt: {}')), [])
})

test('address lists are taken as they are, and what is on both is warned about', () => {
  const lists = (allowed: string, blocked: string) => buckets(`ip_allowlist: [${allowed}], ip_blocklist: [${blocked}]`)
  const [access] = accessOf(lists('10.0.0.0/8, "2001:db8::/32"', '192.0.2.1'))
  assert.deepEqual(access?.ipAllowlist, ['10.0.0.0/8', '2001:db8::/32'])
  assert.deepEqual(access?.ipBlocklist, ['192.0.2.1'])
  const both = 'is on ip_allowlist too, which wins: addresses on both are admitted'
  assert.deepEqual(warningsOf(lists('10.0.0.0/8, "2001:db8::/32"', '192.0.2.1, 10.1.2.3, "2001:db8:1::/48"')), [
    `buckets[0].ip_blocklist[1] (line 2): ${both}`,
    `buckets[0].ip_blocklist[2] (line 2): ${both}`,
  ])
  assert.deepEqual(warningsOf(lists('10.1.2.3', '10.0.0.0/8')), [`buckets[0].ip_blocklist[0] (line 2): ${both}`])
  const form = 'must be an address or a CIDR block, such as 10.0.0.0/8 or 2001:db8::/32'
  assert.deepEqual(problemsOf(lists('10.0.0.0/33', 'host')), [
    `buckets[0].ip_allowlist[0] (line 2): ${form}`,
    `buckets[0].ip_blocklist[0] (line 2): ${form}`,
  ])
})
