import assert from 'node:assert/strict'
import { test } from 'node:test'
import { locateBucket, type S3AddressOptions } from '../../../src/origin/s3-address.ts'
import { fc } from '../../support/fast-check.ts'

const locate = (options: Partial<S3AddressOptions>) =>
  locateBucket({ bucket: 'films', region: 'eu-west-1', forcePathStyle: false, ...options })

test('without an endpoint a bucket is a host of its region', () => {
  const address = locate({})
  assert.equal(address.origin, 'https://films.s3.eu-west-1.amazonaws.com')
  assert.equal(address.host, 'films.s3.eu-west-1.amazonaws.com')
  assert.equal(address.pathOf('a/b'), '/a/b')
})

test('a region in China has its own domain', () => {
  assert.equal(locate({ region: 'cn-north-1' }).host, 'films.s3.cn-north-1.amazonaws.com.cn')
})

test('forced path style puts the bucket in front of the key', () => {
  const address = locate({ forcePathStyle: true })
  assert.equal(address.host, 's3.eu-west-1.amazonaws.com')
  assert.equal(address.pathOf('a/b'), '/films/a/b')
})

test('a bucket that cannot be a verified host name is asked in path style', () => {
  for (const bucket of ['my.films', 'My_Films', '-films', 'fi..lms']) {
    assert.equal(locate({ bucket }).pathOf('k'), `/${bucket}/k`, bucket)
  }
})

test('a bucket with dots may be a host name where no certificate has to match', () => {
  assert.equal(locate({ bucket: 'my.films', endpoint: 'http://s3.local:9000' }).host, 'my.films.s3.local:9000')
})

test('an endpoint that is an address is asked in path style', () => {
  for (const endpoint of ['http://127.0.0.1:9000', 'http://[::1]:9000']) {
    const address = locate({ endpoint })
    assert.equal(address.origin, endpoint)
    assert.equal(address.pathOf('k'), '/films/k')
  }
})

test('the default port of the scheme is not part of the Host field', () => {
  assert.equal(locate({ endpoint: 'https://s3.local:443' }).host, 'films.s3.local')
})

test('a path in the endpoint comes before bucket and key', () => {
  const address = locate({ endpoint: 'https://s3.local/base/', forcePathStyle: true })
  assert.equal(address.pathOf('k'), '/base/films/k')
  assert.equal(address.fingerprint, 'https://s3.local/base/films')
})

test('the fingerprint names endpoint and bucket, and no credentials', () => {
  assert.equal(locate({ endpoint: 'http://user:secret@s3.local:9000' }).fingerprint, 'http://s3.local:9000/films')
  assert.equal(locate({}).fingerprint, 'https://s3.eu-west-1.amazonaws.com/films')
})

test('hostile keys are encoded once and nothing in them is resolved', () => {
  const cases: [key: string, path: string][] = [
    ['x//y', '/x//y'],
    ['/lead', '//lead'],
    ['./x', '/./x'],
    ['d/../e', '/d/../e'],
    ['..', '/..'],
    ['a+b c', '/a%2Bb%20c'],
    ['%41', '/%2541'],
    ["?#&='()!*", '/%3F%23%26%3D%27%28%29%21%2A'],
    ['e\u0301', '/e%CC%81'],
    ['\n\u0001', '/%0A%01'],
    ['~-_.', '/~-_.'],
  ]
  for (const [key, path] of cases) assert.equal(locate({}).pathOf(key), path)
})

test('different keys have different paths, which give the keys back (property)', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (key) => {
      const path = locate({}).pathOf(key)
      assert.match(path, /^\/[A-Za-z0-9%._~/-]*$/)
      assert.equal(decodeURIComponent(path.slice(1)), key)
    }),
  )
})
