import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bucketOf, CacheKey, objectOf } from '../../../src/cache/cache-key.ts'

test('the text form is bucket:object_key, and says what had to be escaped', () => {
  assert.equal(new CacheKey('media', 'films/a.mp4').id, 'media:films/a.mp4')
  assert.equal(new CacheKey('media', 'a b:c%d\0').id, 'media:a%20b%3Ac%25d%00')
  assert.equal(new CacheKey('media', '//é😀+').id, 'media://é😀+')
  assert.equal(new CacheKey('media', 'a', 'w=1&h=2', 'v').id, 'media:a:q=w=1&h=2:v=v')
})

test('the hash is the same on every machine', () => {
  const { hash } = new CacheKey('media', 'films/a.mp4')
  assert.equal(hash, 'f613a13e632bb0debf752266e40df121483da44210899baa74b107f06b47914e')
})

test('a slice knows its object and its bucket', () => {
  const key = new CacheKey('media', 'a:s=1', 'q', 'v')
  assert.equal(objectOf(key.sliceId(12)), key.id)
  assert.equal(objectOf(key.id), key.id)
  assert.equal(bucketOf(key.sliceId(12)), 'media')
})

test('variants of one object differ by the values of their fields, however long those are', () => {
  const key = new CacheKey('media', 'a', 'q')
  const gzip = key.withVariant('accept-encoding=gzip')
  assert.deepEqual([gzip.bucket, gzip.object, gzip.query], ['media', 'a', 'q'])
  assert.equal(gzip.id, key.withVariant('accept-encoding=gzip').id)
  const ids = new Set([key, gzip, key.withVariant('accept-encoding=br'), key.withVariant('')].map(({ id }) => id))
  assert.equal(ids.size, 4)
  assert.ok(key.withVariant('x'.repeat(10_000)).id.length < 100)
})

test('what is no text form is not read', () => {
  for (const text of ['', 'media', ':a', 'media:a:x=1', 'media:%zz', 'media:a:q=%']) {
    assert.equal(CacheKey.parse(text), undefined, text)
  }
})
