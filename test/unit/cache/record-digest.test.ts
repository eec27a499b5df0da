import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CacheKey } from '../../../src/cache/cache-key.ts'
import { digestOf, parseDigest } from '../../../src/cache/record-digest.ts'
import { idOf, sliceIdOf } from '../../support/cache-records.ts'

test('a digest is the first half of the SHA-256 of the id, the same on every machine', () => {
  assert.equal(digestOf(idOf('films/a.jpg')), 'd262ef3fe00483774b681029552fd174')
  assert.equal(digestOf(idOf('films/a.jpg')), new CacheKey('media', 'films/a.jpg').hash.slice(0, 32))
})

test('an object, its slices and its neighbours have digests of their own', () => {
  const ids = [idOf('a'), sliceIdOf('a', 0), sliceIdOf('a', 1), idOf('A'), idOf('a', 'other'), idOf('ä'), idOf('a%')]
  assert.equal(new Set(ids.map(digestOf)).size, ids.length)
})

test('a name that is no digest is told apart', () => {
  const digest = digestOf(idOf('a'))
  assert.equal(parseDigest(digest), digest)
  for (const text of [
    '',
    'lock',
    digest.slice(1),
    `${digest}0`,
    `${digest}\n`,
    digest.toUpperCase(),
    `${digest.slice(1)}g`,
  ]) {
    assert.equal(parseDigest(text), undefined, text)
  }
})
