import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import test from 'node:test'
import { type Algorithm, algorithms } from '../../../src/access/key-set.ts'
import { createStaticKeys, importKey } from '../../../src/access/static-keys.ts'
import { makeCertificates } from '../../support/certificates.ts'
import { makeSigningKey, spki } from '../../support/token-keys.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' })
const ed25519 = generateKeyPairSync('ed25519')

const pem = (key: KeyObject, type: 'spki' | 'pkcs1' | 'pkcs8' | 'sec1') =>
  (key.type === 'private'
    ? key.export({ type: type as 'pkcs8', format: 'pem' })
    : key.export({ type: type as 'spki', format: 'pem' })
  ).toString()

for (const algorithm of algorithms) {
  test(`${algorithm} takes a key of its kind`, () => {
    const { options, verifier } = makeSigningKey(algorithm, 'one')
    const imported = importKey(options)
    assert.deepEqual([imported.id, imported.algorithm], ['one', algorithm])
    assert.ok(imported.key.equals(verifier))
  })
}

test('an RSA key may be in PKCS #1 form, and any key have blank lines and remarks around it', () => {
  assert.ok(importKey({ algorithm: 'RS256', pem: pem(rsa.publicKey, 'pkcs1') }).key.equals(rsa.publicKey))
  const noted = `issuer's key, 2026\r\n\r\n${spki(p256.publicKey).replaceAll('\n', '\r\n')}\r\n`
  assert.ok(importKey({ algorithm: 'ES256', pem: noted }).key.equals(p256.publicKey))
})

test('a certificate stands for the key in it', async (t) => {
  const { server } = await makeCertificates(t)
  const { key } = importKey({ algorithm: 'ES256', pem: server.cert })
  assert.equal(key.type, 'public')
  assert.throws(() => importKey({ algorithm: 'ES256', pem: server.key }), /is a private one/)
  assert.throws(() => importKey({ algorithm: 'ES256', pem: server.cert + server.key }), /is a private one/)
  assert.throws(() => importKey({ algorithm: 'ES256', pem: server.cert + server.cert }), /is not alone in its file/)
  const misfit = { algorithm: 'RS256', pem: server.cert } as const
  assert.throws(() => importKey(misfit), /is of type P-256, and RS256 takes one of type RSA/)
})

const spkiOf = (make: () => { publicKey: KeyObject }) => spki(make().publicKey)
const curve = (namedCurve: string) => spkiOf(() => generateKeyPairSync('ec', { namedCurve }))

for (const [title, algorithm, text, message] of [
  ['an RSA key for ES256', 'ES256', spki(rsa.publicKey), 'is of type RSA, and ES256 takes one of type P-256'],
  ['an RSA key for EdDSA', 'EdDSA', spki(rsa.publicKey), 'is of type RSA, and EdDSA takes one of type Ed25519'],
  ['P-256 for ES384', 'ES384', spki(p256.publicKey), 'is of type P-256, and ES384 takes one of type P-384'],
  ['P-384 for ES256', 'ES256', spki(p384.publicKey), 'is of type P-384, and ES256 takes one of type P-256'],
  ['P-521 for ES256', 'ES256', curve('P-521'), 'is of type secp521r1, and ES256 takes one of type P-256'],
  ['secp256k1 for ES256', 'ES256', curve('secp256k1'), 'is of type secp256k1, and ES256 takes one of type P-256'],
  ['Ed25519 for RS256', 'RS256', spki(ed25519.publicKey), 'is of type Ed25519, and RS256 takes one of type RSA'],
  ['Ed25519 for ES256', 'ES256', spki(ed25519.publicKey), 'is of type Ed25519, and ES256 takes one of type P-256'],
  [
    'Ed448',
    'EdDSA',
    spkiOf(() => generateKeyPairSync('ed448')),
    'is of type ed448, and EdDSA takes one of type Ed25519',
  ],
  [
    'X25519',
    'EdDSA',
    spkiOf(() => generateKeyPairSync('x25519')),
    'is of type x25519, and EdDSA takes one of type Ed25519',
  ],
  ['P-256 for PS256', 'PS256', spki(p256.publicKey), 'is of type P-256, and PS256 takes one of type RSA'],
  [
    'an RSA key bound to PSS',
    'PS256',
    spkiOf(() => generateKeyPairSync('rsa-pss', { modulusLength: 2048 })),
    'is of type rsa-pss, and PS256 takes one of type RSA',
  ],
  ['a public key for HS256', 'HS256', spki(rsa.publicKey), 'is of type RSA, and HS256 takes one of type secret'],
  [
    'RSA of 1024 bits',
    'RS256',
    spkiOf(() => generateKeyPairSync('rsa', { modulusLength: 1024 })),
    'has 1024 bits, and RSA keys need 2048',
  ],
  ['a private key', 'RS256', pem(rsa.privateKey, 'pkcs8'), 'is a private one; give the public one'],
  ['a private key in PKCS #1', 'RS256', pem(rsa.privateKey, 'pkcs1'), 'is a private one; give the public one'],
  ['a private key in SEC 1', 'ES256', pem(p256.privateKey, 'sec1'), 'is a private one; give the public one'],
  [
    'a private key under lock',
    'EdDSA',
    ed25519.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'p' }).toString(),
    'is a private one; give the public one',
  ],
  ['two keys', 'RS256', spki(rsa.publicKey) + spki(p256.publicKey), 'is not alone in its file'],
  ['nothing', 'RS256', '', 'is not in PEM form'],
  ['DER', 'RS256', rsa.publicKey.export({ type: 'spki', format: 'der' }).toString('latin1'), 'is not in PEM form'],
  ['a JWK', 'RS256', JSON.stringify(rsa.publicKey.export({ format: 'jwk' })), 'is not in PEM form'],
  ['a request', 'RS256', '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n', 'is of no known kind: CERTIFICATE REQUEST'],
  ['half a key', 'RS256', spki(rsa.publicKey).slice(0, 200), 'is damaged, or of a kind that is not supported'],
  [
    'a key that is noise',
    'RS256',
    '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n',
    'is damaged, or of a kind that is not supported',
  ],
] as const) {
  test(`refused: ${title}`, () => {
    assert.throws(() => importKey({ algorithm, pem: text }), { message })
    assert.throws(() => createStaticKeys([{ algorithm, pem: text }]), { message })
  })
}

test('refused: an RSA key with which everybody can sign', () => {
  const jwk = { ...rsa.publicKey.export({ format: 'jwk' }), e: 'AQ' }
  const text = spki(createPublicKey({ key: jwk, format: 'jwk' }))
  assert.throws(() => importKey({ algorithm: 'RS256', pem: text }), /exponent/)
})

for (const [title, secret, message] of [
  ['an empty secret', '', 'is empty, and an empty secret is no key'],
  ['a public key for a secret', spki(rsa.publicKey), 'is a PEM file, and a secret must not be one'],
] as const) {
  test(`refused: ${title}`, () => assert.throws(() => importKey({ algorithm: 'HS256', secret }), { message }))
}

test('a secret is none of the asymmetric algorithms', () => {
  for (const algorithm of algorithms.filter((name) => !name.startsWith('HS'))) {
    assert.throws(
      () => importKey({ algorithm, secret: 'a secret' }),
      /^Error: is of type secret, and \w+ takes one of type [\w-]+$/,
    )
  }
})

test('a secret is its bytes in UTF-8', () => {
  const { key } = importKey({ algorithm: 'HS256', secret: 'ключ' })
  assert.deepEqual(key.export(), Buffer.from('ключ'))
})

test('what a refusal says holds nothing of the key', () => {
  const text = pem(rsa.privateKey, 'pkcs8')
  const body = text.split('\n')[3] ?? ''
  for (const options of [{ algorithm: 'RS256', pem: text } as const, { algorithm: 'HS256', secret: text } as const]) {
    assert.throws(
      () => importKey(options),
      (error: Error) => !String(error.stack).includes(body),
    )
  }
})

const names = (hint: { algorithm: Algorithm; id: string | undefined }) => {
  const secrets = [
    { algorithm: 'HS256', secret: 'a', id: 'one' },
    { algorithm: 'HS256', secret: 'b', id: 'two' },
    { algorithm: 'HS256', secret: 'c', id: 'two' },
    { algorithm: 'HS256', secret: 'd' },
    { algorithm: 'HS512', secret: 'e', id: 'one' },
    { algorithm: 'HS512', secret: 'f' },
  ] as const
  const candidates = createStaticKeys(secrets).candidates(hint)
  assert.ok(Array.isArray(candidates))
  return candidates.map(({ key }) => key.export().toString()).join('')
}

for (const [algorithm, id, expected] of [
  ['HS256', 'one', 'ad'],
  ['HS256', 'two', 'bcd'],
  ['HS256', 'three', 'd'],
  ['HS256', '', 'd'],
  ['HS256', undefined, 'd'],
  ['HS512', 'one', 'ef'],
  ['HS512', 'two', 'f'],
  ['HS384', 'one', ''],
  ['RS256', undefined, ''],
] as const) {
  test(`${algorithm} with kid ${id ?? 'left out'} is for the keys ${expected || 'of nobody'}`, () =>
    assert.equal(names({ algorithm, id }), expected))
}

test('keys of a config never change', async () => {
  const keys = createStaticKeys([{ algorithm: 'HS256', secret: 'a' }])
  const { generation } = keys
  await keys.close()
  assert.equal(keys.generation, generation)
})
