import assert from 'node:assert/strict'
import test from 'node:test'
import { accessOf, below, buckets, key, secret } from './access-yaml.ts'
import { problemsOf } from './parse-yaml.ts'

const inAuth: readonly (readonly [settings: string, problem: string])[] = [
  [
    `auth: { jwt: { ${key} } }, jwt: { ${key} }`,
    'buckets[0].auth (line 2): cannot stand beside buckets[0].jwt (line 2), which says the same',
  ],
  [
    'auth: {}, jwt: { enabled: false }',
    'buckets[0].auth (line 2): cannot stand beside buckets[0].jwt (line 2), which says the same',
  ],
  [
    `auth: { enabled: true, jwt: { enabled: false, ${key} } }`,
    'buckets[0].auth.enabled (line 2): is given twice: here and as buckets[0].auth.jwt.enabled (line 2)',
  ],
  [
    `auth: { enabled: false, jwt: { enabled: true, ${key} } }`,
    'buckets[0].auth.enabled (line 2): is given twice: here and as buckets[0].auth.jwt.enabled (line 2)',
  ],
  [
    `auth: { claims_verification: [], jwt: { claims: [], ${key} } }`,
    'buckets[0].auth.claims_verification (line 2): is given twice: here and as buckets[0].auth.jwt.claims (line 2)',
  ],
  [
    `auth: { jwt: { claims_verification: [], claims: [], ${key} } }`,
    'buckets[0].auth.jwt.claims_verification (line 2): is given twice: here and as buckets[0].auth.jwt.claims (line 2)',
  ],
  [
    `auth: { enabeld: true, jwt: { ${key} } }`,
    'buckets[0].auth.enabeld (line 2): unknown key, did you mean "enabled"?',
  ],
  [`auth: { secret: s, jwt: { ${key} } }`, 'buckets[0].auth.secret (line 2): unknown key'],
  [`jwt: { jwt: { ${key} }, ${key} }`, 'buckets[0].jwt.jwt (line 2): unknown key'],
  [
    `jwt: { admin_claim: [], ${key} }`,
    'buckets[0].jwt.admin_claim (line 2): unknown key, did you mean "admin_claims"?',
  ],
  [
    `auth: { jwt: { keys: [{ algorithm: RS256, path: /gone, rsa_public_key_path: /gone }] } }`,
    'buckets[0].auth.jwt.keys[0].rsa_public_key_path (line 2): is given twice: here and as buckets[0].auth.jwt.keys[0].path (line 2)',
  ],
]

for (const [settings, problem] of inAuth) {
  test(`${settings.replaceAll(secret, 'S')} is refused`, () => {
    assert.ok(problemsOf(buckets(settings)).includes(problem), problemsOf(buckets(settings)).join('\n'))
  })
}

test('claims may stand in auth, in its jwt, and under either name', () => {
  const rule = '[{ claim: role, operator: exists }]'
  const all = [
    `auth: { claims_verification: ${rule}, jwt: { ${key} } }`,
    `auth: { jwt: { claims_verification: ${rule}, ${key} } }`,
    `auth: { jwt: { claims: ${rule}, ${key} } }`,
    `jwt: { claims_verification: ${rule}, ${key} }`,
    `jwt: { claims: ${rule}, ${key} }`,
  ]
  const expected = [{ claim: 'role', operator: 'exists', value: undefined }]
  for (const { claims } of accessOf(buckets(...all))) assert.deepEqual(claims, expected)
  assert.deepEqual(accessOf(below(`enabled: true, claims_verification: ${rule}, ${key}`, ''))[0]?.claims, expected)
})
