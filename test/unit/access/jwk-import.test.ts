import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { test } from 'node:test'
import { fingerprintOf, importJwks } from '../../../src/access/jwk-import.ts'
import { fc } from '../../support/fast-check.ts'

type Jwk = Readonly<Record<string, unknown>>

const publicOf = ({ publicKey }: { readonly publicKey: KeyObject }): Jwk => ({ ...publicKey.export({ format: 'jwk' }) })
const without = (jwk: Jwk, name: string): Jwk => Object.fromEntries(Object.entries(jwk).filter(([key]) => key !== name))

const rsaPair = generateKeyPairSync('rsa', { modulusLength: 2048 })
const rsa = publicOf(rsaPair)
const shortRsa = publicOf(generateKeyPairSync('rsa', { modulusLength: 2040 }))
const p256 = publicOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }))
const p384 = publicOf(generateKeyPairSync('ec', { namedCurve: 'P-384' }))
const p521 = publicOf(generateKeyPairSync('ec', { namedCurve: 'P-521' }))
const secp256k1 = publicOf(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }))
const ed25519 = publicOf(generateKeyPairSync('ed25519'))
const ed448 = publicOf(generateKeyPairSync('ed448'))
const x25519 = publicOf(generateKeyPairSync('x25519'))

for (const [title, jwk, algorithm] of [
  ['RSA without alg', rsa, 'RS256'],
  ...['RS256', 'RS384', 'RS512', 'PS256'].map((alg) => [`RSA with ${alg}`, { ...rsa, alg }, alg] as const),
  ['P-256', p256, 'ES256'],
  ['P-256 with its alg', { ...p256, alg: 'ES256' }, 'ES256'],
  ['P-384', p384, 'ES384'],
  ['Ed25519', ed25519, 'EdDSA'],
  ['a key for signatures', { ...p256, use: 'sig' }, 'ES256'],
  ['a key with the operation', { ...p256, key_ops: ['verify'] }, 'ES256'],
  ['unknown members', { ...p256, x5t: 'abc', 'https://example.com': {} }, 'ES256'],
] as const) {
  test(`${title} is for ${algorithm}`, () => {
    const [key] = importJwks({ keys: [{ ...jwk, kid: 'k' }] })
    assert.equal(key?.algorithm, algorithm)
    assert.equal(key?.id, 'k')
  })
}

for (const [title, jwk] of [
  ['a secret', { kty: 'oct', k: 'c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2U', alg: 'HS256' }],
  ['a key for encryption', { ...rsa, use: 'enc' }],
  ['a use that is no text', { ...rsa, use: ['sig'] }],
  ['other operations', { ...rsa, key_ops: ['sign', 'encrypt'] }],
  ['operations that are no list', { ...rsa, key_ops: 'verify' }],
  ['a kid that is no text', { ...rsa, kid: 7 }],
  ['RSA of 2040 bits', shortRsa],
  ['RSA with the exponent 1', { ...rsa, e: 'AQ' }],
  ['RSA without a modulus', without(rsa, 'n')],
  ['RSA with an empty modulus', { ...rsa, n: '' }],
  ['RSA for an HMAC', { ...rsa, alg: 'HS256' }],
  ['RSA for an elliptic algorithm', { ...rsa, alg: 'ES256' }],
  ['RSA for encryption by alg', { ...rsa, alg: 'RSA-OAEP' }],
  ['RSA with PS512', { ...rsa, alg: 'PS512' }],
  ['alg none', { ...rsa, alg: 'none' }],
  ['an alg that is no text', { ...rsa, alg: ['RS256'] }],
  ['an alg that is null', { ...rsa, alg: null }],
  ['P-256 for ES384', { ...p256, alg: 'ES384' }],
  ['P-384 for ES256', { ...p384, alg: 'ES256' }],
  ['P-521', p521],
  ['secp256k1', secp256k1],
  ['secp256k1 for ES256', { ...secp256k1, alg: 'ES256' }],
  ['a point off the curve', { ...p256, x: p256['y'], y: p256['x'] }],
  ['Ed25519 for ES256', { ...ed25519, alg: 'ES256' }],
  ['Ed448', ed448],
  ['X25519', x25519],
  ['a short Ed25519 key', { ...ed25519, x: 'AAAA' }],
  ['no type', without(rsa, 'kty')],
  ['a type everything inherits', { ...rsa, kty: 'constructor' }],
  ['a type that is no text', { ...rsa, kty: ['RSA'] }],
  ['null', null],
  ['a text', 'RSA'],
  ['a list', [rsa]],
] as const) {
  test(`${title} is left out`, () => {
    assert.deepEqual(
      importJwks({ keys: [jwk, { ...p256, kid: 'good' }] }).map(({ id }) => id),
      ['good'],
    )
  })
}

test('of a private key the public part alone is taken', () => {
  const [key] = importJwks({ keys: [{ ...rsaPair.privateKey.export({ format: 'jwk' }) }] })
  assert.ok(key !== undefined)
  assert.equal(key.key.type, 'public')
  assert.ok(verify('sha256', Buffer.from('crow'), key.key, sign('sha256', Buffer.from('crow'), rsaPair.privateKey)))
})

for (const document of [
  undefined,
  null,
  'keys',
  7,
  [],
  {},
  { keys: null },
  { keys: {} },
  { keys: 'x' },
  [p256],
  p256,
]) {
  test(`${JSON.stringify(document)?.slice(0, 40)} is no key set`, () => {
    assert.throws(() => importJwks(document), /not a JSON Web Key Set/)
  })
}

test('keys that share a kid are all kept', () => {
  const keys = importJwks({ keys: [p256, p384, ed25519].map((jwk) => ({ ...jwk, kid: 'same' })) })
  assert.deepEqual(
    keys.map(({ id, algorithm }) => [id, algorithm]),
    [
      ['same', 'ES256'],
      ['same', 'ES384'],
      ['same', 'EdDSA'],
    ],
  )
})

test('no more than a hundred keys are looked at', () => {
  const keys = Array.from({ length: 120 }, (_, i) => ({ ...ed25519, kid: String(i) }))
  assert.equal(importJwks({ keys }).length, 100)
})

test('the fingerprint is that of the keys, their names and algorithms, and not of their order', () => {
  const print = (...keys: readonly Jwk[]) => fingerprintOf(importJwks({ keys }))
  const whole = print({ ...p256, kid: 'a' }, { ...rsa, kid: 'b' })
  assert.equal(print({ ...rsa, kid: 'b', x5t: 'new' }, { ...p256, kid: 'a', use: 'sig' }), whole)
  assert.notEqual(print({ ...p256, kid: 'a' }), whole)
  assert.notEqual(print({ ...p256, kid: 'a' }, { ...rsa, kid: 'c' }), whole)
  assert.notEqual(print({ ...p256, kid: 'a' }, { ...rsa, kid: 'b', alg: 'PS256' }), whole)
  assert.notEqual(print({ ...ed25519, kid: 'a' }, { ...rsa, kid: 'b' }), whole)
})

test('whatever a key set says, nothing but its shape as a whole makes reading it fail', () => {
  const jwk = fc.record(
    {
      kty: fc.oneof(fc.constantFrom('RSA', 'EC', 'OKP', 'oct', '__proto__'), fc.jsonValue()),
      crv: fc.oneof(fc.constantFrom('P-256', 'P-384', 'Ed25519', 'Ed448'), fc.jsonValue()),
      n: fc.oneof(fc.constant(rsa['n']), fc.jsonValue()),
      e: fc.oneof(fc.constant('AQAB'), fc.jsonValue()),
      x: fc.oneof(fc.constantFrom(p256['x'], ed25519['x']), fc.jsonValue()),
      y: fc.oneof(fc.constant(p256['y']), fc.jsonValue()),
      alg: fc.oneof(fc.constantFrom('RS256', 'ES256', 'EdDSA', 'HS256'), fc.jsonValue()),
      kid: fc.oneof(fc.string(), fc.jsonValue()),
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(jwk, fc.jsonValue())), (keys) => {
      for (const { algorithm, key } of importJwks({ keys })) {
        assert.equal(key.type, 'public')
        assert.ok(!algorithm.startsWith('HS'))
      }
    }),
  )
})
