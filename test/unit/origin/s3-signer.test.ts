import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EpochMs } from '../../../src/base/types.ts'
import { canonicalQuery, createSigner, type SignableRequest } from '../../../src/origin/s3-signer.ts'
import { fc } from '../../support/fast-check.ts'

// The worked examples of "Authenticating Requests: Using the Authorization Header" in the Amazon S3 API reference.
const example: SignableRequest = {
  method: 'GET',
  path: '/',
  query: '',
  host: 'examplebucket.s3.amazonaws.com',
  headers: [],
  at: Date.UTC(2013, 4, 24) as EpochMs,
}
const credentials = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
}

function sign(request: Partial<SignableRequest>, signAs: typeof credentials & { sessionToken?: string } = credentials) {
  const fields = createSigner('us-east-1').sign({ ...example, ...request }, signAs)
  return (name: string) => fields[fields.indexOf(name) + 1] ?? ''
}
const signatureOf = (authorization: string) => authorization.replace(/.*Signature=/, '')

test('the GET object example of the S3 documentation gets its published signature', () => {
  const field = sign({ path: '/test.txt', headers: ['Range', 'bytes=0-9'] })
  assert.equal(
    field('authorization'),
    'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,' +
      'SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,' +
      'Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  )
  assert.equal(field('x-amz-date'), '20130524T000000Z')
  assert.equal(field('x-amz-content-sha256'), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
})

test('a query without a value is signed as the documentation shows', () => {
  const field = sign({ query: canonicalQuery('lifecycle') })
  const expected = 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543'
  assert.equal(signatureOf(field('authorization')), expected)
})

test('a query of several fields is signed sorted, as the documentation shows', () => {
  const field = sign({ query: canonicalQuery('prefix=J&max-keys=2') })
  const expected = '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7'
  assert.equal(signatureOf(field('authorization')), expected)
})

test('a session token is sent and signed', () => {
  const field = sign({}, { ...credentials, sessionToken: 'token' })
  assert.equal(field('x-amz-security-token'), 'token')
  assert.match(field('authorization'), /SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,/)
})

test('the remembered day key is dropped on another day and for another secret', () => {
  const signer = createSigner('us-east-1')
  const signature = (at: number, secretAccessKey: string) =>
    signer.sign({ ...example, at: at as EpochMs }, { ...credentials, secretAccessKey }).at(-1)
  const [day, nextDay] = [Date.UTC(2026, 0, 1), Date.UTC(2026, 0, 2)]
  const fresh = (at: number, secret: string) =>
    createSigner('us-east-1')
      .sign({ ...example, at: at as EpochMs }, { ...credentials, secretAccessKey: secret })
      .at(-1)
  for (const [at, secret] of [
    [day, 'a'],
    [nextDay, 'a'],
    [nextDay, 'b'],
    [day, 'b'],
  ] as const) {
    assert.equal(signature(at, secret), fresh(at, secret))
  }
})

test('spaces in and around a signed field value do not change its signature', () => {
  const loose = sign({ headers: ['x-amz-meta', '  a   b '] })
  const tight = sign({ headers: ['X-Amz-Meta', 'a b'] })
  assert.equal(loose('authorization'), tight('authorization'))
})

test('a canonical query is its own canonical form and keeps every field (property)', () => {
  const field = fc.tuple(fc.string({ minLength: 1, unit: 'grapheme' }), fc.string({ unit: 'grapheme' }))
  fc.assert(
    fc.property(fc.array(field), (fields) => {
      const raw = fields.map((pair) => pair.map(encodeURIComponent).join('=')).join('&')
      const canonical = canonicalQuery(raw)
      assert.equal(canonicalQuery(canonical), canonical)
      const back = canonical
        .split('&')
        .filter(Boolean)
        .map((part) => part.split('=').map(decodeURIComponent).join('='))
      assert.deepEqual(back.toSorted(), fields.map((pair) => pair.join('=')).toSorted())
    }),
  )
})

test('a query is sorted by its encoded bytes, then by value', () => {
  assert.equal(canonicalQuery('b=2&b=1&a~=3&a%20=(!)'), 'a%20=%28%21%29&a~=3&b=1&b=2')
})
