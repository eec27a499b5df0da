import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keptQuery } from '../../../src/routing/object-ref.ts'

const all = { keep: 'all' } as const
const only = (...names: string[]) => ({ keep: 'only', names }) as const

test('without a rule to keep it a query is dropped', () => {
  assert.equal(keptQuery('a=1&b=2', { keep: 'none' }), '')
  assert.equal(keptQuery('%zz', { keep: 'none' }), '')
})

test('spellings of one query are one key', () => {
  for (const raw of ['b=2&a=1+x', 'a=1%20x&b=2', '&a=1%20x&&b=%32&']) assert.equal(keptQuery(raw, all), 'a=1%20x&b=2')
})

test('repeated names keep the order of their values, which may mean something', () => {
  assert.equal(keptQuery('b=1&a=2&a=1', all), 'a=2&a=1&b=1')
})

test('a name without a value is one with an empty value', () => {
  assert.equal(keptQuery('a', all), 'a=')
  assert.equal(keptQuery('a=b=c', all), 'a=b%3Dc')
})

test('everything but letters, digits and -._~ is percent-encoded, as SigV4 wants it', () => {
  assert.equal(keptQuery("q=-._~!'()*/?:@$,;é", all), 'q=-._~%21%27%28%29%2A%2F%3F%3A%40%24%2C%3B%C3%A9')
})

test('named fields alone are kept, by their exact name', () => {
  assert.equal(keptQuery('w=1&h=2&W=3', only('w', 'x')), 'w=1')
})

test('what S3 takes for another operation or for a signature never passes, in any case or encoding', () => {
  const words = ['acl', 'uploads', 'uploadId', 'tagging', 'torrent', 'list-type', 'prefix', 'partNumber', 'restore']
  const signatures = ['X-Amz-Signature', 'x-amz-anything', 'AWSAccessKeyId', 'Signature', 'Expires']
  for (const name of [...words, ...signatures, 'ACL', '%61cl', 'aC%6c']) {
    const decoded = decodeURIComponent(name)
    assert.equal(keptQuery(`${name}=1&a=1`, all), 'a=1', name)
    assert.equal(keptQuery(name, only(decoded)), '', name)
  }
})

test('versionId passes only when it is named, and response-* not at all', () => {
  assert.equal(keptQuery('versionId=1', all), '')
  assert.equal(keptQuery('versionId=1', only('versionId')), 'versionId=1')
  assert.equal(keptQuery('response-content-type=a', all), '')
  assert.equal(keptQuery('response-content-type=a', only('response-content-type')), '')
})

test('line breaks, NUL and broken encodings in what could be kept are refused', () => {
  for (const raw of ['a=%0d', 'a=%0A', 'a=%00', '%0a=1', 'a=%zz', 'a=%ff', '%']) {
    assert.throws(() => keptQuery(raw, all), { code: 'InvalidRequest' }, raw)
  }
})
