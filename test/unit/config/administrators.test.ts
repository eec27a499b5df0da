// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${…}` is what config files hold
import assert from 'node:assert/strict'
import test from 'node:test'
import { stringify } from 'yaml'
import { parseConfig } from '../../../src/config/load.ts'
import { fc } from '../../support/fast-check.ts'
import { buckets, key, secret } from './access-yaml.ts'
import { configOf, problemsOf, warningsOf } from './parse-yaml.ts'

const rule = '[{ claim: role, operator: equals, value: admin }]'
const role = [{ claim: 'role', operator: 'equals', value: 'admin' }]
const other = 'o'.repeat(64)
const otherKey = `algorithm: HS256, secret: ${other}`
const needsKey = 'needs a key to verify tokens with: secret, the path of a public key, keys or jwks_url'

/** Each line above one public bucket, or those given. */
const above = (lines: readonly string[], bucketLines = buckets('')) => `${lines.join('\n')}\n${bucketLines}`

/** Is there an administration? */
const switches: readonly (readonly [title: string, text: string, expected: boolean])[] = [
  ['nothing', above([]), false],
  ['keys alone', above([`jwt: { ${key} }`]), false],
  ['admin claims in admin', above([`jwt: { ${key} }`, `admin: { claims: ${rule} }`]), true],
  ['admin claims in jwt', above([`jwt: { ${key}, admin_claims: ${rule} }`]), true],
  [
    'admin claims in a jwt that protects no bucket',
    above([`jwt: { enabled: false, ${key}, admin_claims: ${rule} }`]),
    true,
  ],
  ['admin claims of a bucket', buckets(`jwt: { ${key}, admin_claims: ${rule} }`), true],
  ['admin claims of a bucket that is public', buckets(`jwt: { enabled: false, ${key}, admin_claims: ${rule} }`), false],
  ['empty lists', above([`jwt: { ${key}, admin_claims: [] }`, 'admin: { claims: [] }']), false],
  ['true, and no claims', above([`jwt: { ${key} }`, 'admin: { enabled: true }']), true],
  [
    'false, and claims',
    above([`jwt: { ${key}, admin_claims: ${rule} }`, `admin: { enabled: false, claims: ${rule} }`]),
    false,
  ],
]

for (const [title, text, expected] of switches) {
  test(`with ${title} there is ${expected ? 'an' : 'no'} administration`, () => {
    assert.equal(configOf(text).admin !== undefined, expected)
  })
}

test('each list of claims goes with its own keys, and tokens come in a bearer header alone', () => {
  const sources = 'token_sources: [{ type: cookie, name: c }]'
  const text = above([
    `jwt: { ${key}, ${sources}, issuer: i, admin_claims: [{ claim: root, operator: exists }] }`,
    `admin: { address: "127.0.0.1:9091", claims: ${rule}, jwt: { ${otherKey}, leeway_seconds: 1 } }`,
  ])
  const { admin } = configOf(text)
  assert.deepEqual(admin?.address, { host: '127.0.0.1', port: 9091 })
  const common = { sources: [{ kind: 'bearer' }], issuer: ['i'], audience: [], requireExp: true }
  const keysOf = (text: string) => ({ kind: 'static', keys: [{ algorithm: 'HS256', secret: text }] })
  assert.deepEqual(admin?.access, [
    { jwt: { ...common, keys: keysOf(other), leewayMs: 1000 }, claims: role },
    {
      jwt: { ...common, keys: keysOf(secret), leewayMs: 30_000 },
      claims: [{ claim: 'root', operator: 'exists', value: undefined }],
    },
  ])
})

test('without keys of its own, admin takes those of jwt', () => {
  const text = above([`jwt: { ${key} }`, `admin: { claims: ${rule}, jwt: { issuer: me, enabled: true } }`])
  const [access, ...more] = configOf(text).admin?.access ?? []
  assert.equal(more.length, 0)
  assert.deepEqual(access?.jwt.keys, { kind: 'static', keys: [{ algorithm: 'HS256', secret }] })
  assert.deepEqual(access?.jwt.issuer, ['me'])
  assert.equal(configOf(text).admin?.address, undefined)
})

test('admin claims of a bucket are for that bucket, and no other inherits any', () => {
  const text = above(
    [`jwt: { enabled: true, ${key}, admin_claims: ${rule} }`],
    buckets('', 'jwt: {}', `jwt: { ${otherKey}, admin_claims: ${rule} }`, `jwt: { admin_claims: ${rule} }`),
  )
  const { admin, buckets: all } = configOf(text)
  assert.equal(admin?.access.length, 1)
  assert.deepEqual(
    all.map((bucket) => bucket.admin?.claims),
    [undefined, undefined, role, role],
  )
  assert.deepEqual(all[2]?.admin?.jwt.keys, { kind: 'static', keys: [{ algorithm: 'HS256', secret: other }] })
  assert.equal(all[3]?.admin?.jwt, admin?.access[0]?.jwt)
  assert.equal(all[3]?.admin?.jwt, all[0]?.access.jwt)
})

test('keys without claims are there all the same, so that tokens verify and are let in nowhere', () => {
  const grantedBy = (text: string) => configOf(text).admin?.access.map(({ claims }) => claims)
  assert.deepEqual(grantedBy(above([`admin: { enabled: true, claims: [], jwt: { ${key} } }`])), [[]])
  assert.deepEqual(grantedBy(above([`jwt: { ${key} }`, 'admin: { enabled: true }'])), [[]])
  assert.deepEqual(grantedBy(above([`jwt: { ${key}, admin_claims: ${rule} }`, 'admin: { enabled: true }'])), [role])
  assert.deepEqual(grantedBy(buckets(`jwt: { ${key}, admin_claims: ${rule} }`)), [])
})

/** Nobody is let in by what these leave out. */
const refused: readonly (readonly [text: string, ...problems: string[]])[] = [
  [above([`admin: { claims: ${rule} }`]), `admin.claims (line 1): ${needsKey}`],
  [above([`jwt: { admin_claims: ${rule} }`]), `jwt.admin_claims (line 1): ${needsKey}`],
  [above(['admin: { enabled: true }']), 'admin (line 1): needs claims, and keys to verify tokens with'],
  [
    above([`jwt: { ${key} }`, `admin: { claims: ${rule}, jwt: { secret: "" } }`]),
    'admin.jwt.secret (line 2): must not be empty: administrators are known by it',
  ],
  [
    above([`jwt: { ${key} }`, `admin: { claims: ${rule}, jwt: { enabled: false } }`]),
    'admin.jwt.enabled (line 2): must not be false: administrators always need a token',
  ],
  [
    above([`admin: { claims: ${rule}, jwt: { ${key}, token_sources: [{ type: cookie }] } }`]),
    'admin.jwt.token_sources[0].type (line 1): must be one of bearer_header, bearer',
  ],
  [
    above([`admin: { claims: ${rule}, jwt: { algorithm: RS256, secret: ${secret} } }`]),
    'admin.jwt.secret (line 1): does not go with RS256, which takes the path of a public key',
  ],
  [
    above([`admin: { claims: ${rule}, jwt: { algorithm: RS256, rsa_public_key_path: /gone } }`]),
    'admin.jwt.rsa_public_key_path (line 1): cannot be read: ENOENT',
  ],
  [above([`admin: { claims: ${rule}, jwt: { ${key}, claims: ${rule} } }`]), 'admin.jwt.claims (line 1): unknown key'],
  [
    above([`admin: { claims: [{ claim: a, operator: gt, value: x }], jwt: { ${key} } }`]),
    'admin.claims[0].value (line 1): gt needs a number',
  ],
  [
    above([`jwt: { ${key}, admin_claims: [{ claim: a, operator: equals }] }`]),
    'jwt.admin_claims[0].value (line 1): equals needs a text, a number or a boolean',
  ],
  [
    buckets(`jwt: { ${key}, admin_claims: [{ claim: a, operator: matches, value: "(" }] }`),
    'buckets[0].jwt.admin_claims[0].value (line 2): not a regular expression that can be used here: error parsing regexp: missing closing ): `(`',
  ],
  // What is switched off for buckets is used here.
  [
    above(['jwt: { enabled: false, algorithm: HS256, secret: "${GONE}" }', `admin: { claims: ${rule} }`]),
    'jwt.secret (line 1): the environment variable GONE must be set',
  ],
  [
    above([
      'jwt: { enabled: false, algorithm: HS256, secret: "${GONE}", admin_claims: [{ claim: a, operator: equals, value: "${ROLE}" }] }',
    ]),
    'jwt.admin_claims[0].value (line 1): the environment variable ROLE must be set',
    'jwt.secret (line 1): the environment variable GONE must be set',
  ],
  [
    above([`admin: { address: localhost, claims: ${rule}, jwt: { ${key} } }`]),
    'admin.address (line 1): must name a port, such as 127.0.0.1:9091',
  ],
  [
    above([`admin: { address: "127.0.0.1:8080", claims: ${rule}, jwt: { ${key} } }`]),
    'admin.address (line 1): the public and the admin listener cannot both have port 8080',
  ],
  [
    above([`admin: { address: "[::]:9090", claims: ${rule}, jwt: { ${key} } }`]),
    'admin.address (line 1): the metrics and the admin listener cannot both have port 9090',
  ],
]

for (const [text, ...problems] of refused) {
  test(`${text
    .slice(0, text.lastIndexOf('buckets:') || undefined)
    .replaceAll(secret, 'S')
    .replaceAll('\n', ' ')} is refused`, () => {
    assert.deepEqual(problemsOf(text), problems)
  })
}

test('what a switched-off administration says is not held against it', () => {
  const text =
    'admin: { enabled: false, address: "127.0.0.1:8080", claims: [{ claim: a, operator: gt }], jwt: { secret: "${GONE}" } }'
  assert.deepEqual(problemsOf(above([text])), [])
})

test('who lets nobody in is told so', () => {
  const noEffect = 'admin (line 1): has no effect without admin claims'
  assert.deepEqual(warningsOf(above(['admin: { address: "127.0.0.1:9091" }'])), [noEffect])
  assert.deepEqual(warningsOf(above(['admin:'])), [noEffect])
  assert.deepEqual(warningsOf(above(['admin: { claims: [] }'])), [
    'admin.claims (line 1): is empty, and so lets nobody in',
    noEffect,
  ])
  assert.deepEqual(warningsOf(above([`admin: { enabled: true, jwt: { ${key} } }`])), [
    'admin (line 1): lets nobody in: there are no admin claims',
  ])
  assert.deepEqual(
    warningsOf(above([`admin: { enabled: true }`], buckets(`jwt: { ${key}, admin_claims: ${rule} }`))),
    [],
  )
  assert.deepEqual(warningsOf(buckets(`jwt: { enabled: false, admin_claims: ${rule} }`)), [
    'buckets[0].jwt.admin_claims (line 2): has no effect beside enabled: false',
  ])
  assert.deepEqual(warningsOf(above([`admin: { claims: ${rule}, jwt: { ${key} } }`])), [])
})

test('whatever the settings say, nobody administers without a key and a claim', () => {
  const some = <T>(...values: readonly T[]) => fc.option(fc.constantFrom(...values), { nil: undefined })
  const claims = some<unknown>([], null, [{ claim: 'role', operator: 'equals', value: 'admin' }])
  const keys = {
    enabled: some<unknown>(true, false, null, ''),
    algorithm: some('HS256', ''),
    secret: some(secret, '', null),
    keys: some<unknown>([], [{ algorithm: 'HS256', secret }]),
  }
  const own = fc.option(fc.record({ ...keys, admin_claims: claims }), { nil: undefined })
  const admin = fc.record({
    enabled: some<unknown>(true, false, ''),
    claims,
    jwt: fc.option(fc.record(keys), { nil: undefined }),
  })
  fc.assert(
    fc.property(own, fc.option(admin), own, (jwt, admin, bucketJwt) => {
      const bucket = { name: 'a', path_prefix: '/a', s3: { bucket: 'b-1', region: 'r' }, jwt: bucketJwt }
      const result = parseConfig(stringify({ jwt, admin, buckets: [bucket] }), {})
      if (result.kind === 'problems') return
      const { admin: built, buckets } = result.config
      const granted = [...(built?.access ?? []), ...buckets.flatMap((one) => one.admin ?? [])]
      assert.ok(built !== undefined || granted.length === 0)
      for (const { jwt } of granted) {
        assert.ok(jwt.keys.kind === 'static' && jwt.keys.keys.length > 0)
        assert.deepEqual(jwt.sources, [{ kind: 'bearer' }])
      }
      const isWanted =
        admin?.enabled !== false &&
        [jwt?.admin_claims, admin?.claims].some((list) => Array.isArray(list) && list.length > 0)
      assert.equal(built?.access.some(({ claims }) => claims.length > 0) ?? false, isWanted)
      assert.ok(buckets.every((one) => one.admin?.claims.length !== 0))
    }),
    { numRuns: 1000 },
  )
})
