import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bucketOf, CacheKey, objectOf } from '../../src/cache/cache-key.ts'
import { fc } from '../support/fast-check.ts'

/** Texts made of what keys collide over, or of anything at all. */
const nasty = fc
  .array(
    fc.constantFrom(
      'a',
      '/',
      '//',
      '..',
      ':',
      ':q=',
      ':v=',
      ':s=0',
      '%',
      '%3A',
      '%25',
      '%2F',
      ' ',
      '+',
      '\0',
      '\x7f',
      '\x85',
      'é',
      '😀',
      '=',
      '?',
    ),
  )
  .map((parts) => parts.join(''))
const text = fc.oneof(nasty, fc.string({ unit: 'binary' }))
const bucket = fc.stringMatching(/^[A-Za-z0-9._-]{1,8}$/)
const keys = fc
  .tuple(bucket, text, text, text)
  .map(([name, object, query, variant]) => new CacheKey(name, object, query, variant))

const partsOf = (key: CacheKey) => [key.bucket, key.object, key.query, key.variant]

test('every key reads back from its text, and so does the key of each of its slices', () => {
  fc.assert(
    fc.property(keys, fc.nat(1_000_000), (key, index) => {
      assert.deepEqual(partsOf(CacheKey.parse(key.id) ?? key.withVariant('lost')), partsOf(key))
      assert.equal(CacheKey.parse(key.sliceId(index))?.id, key.id)
      assert.equal(objectOf(key.sliceId(index)), key.id)
      assert.equal(bucketOf(key.sliceId(index)), key.bucket)
    }),
  )
})

test('different keys and slices never share a text', () => {
  fc.assert(
    fc.property(keys, keys, fc.nat(3), fc.nat(3), (one, other, here, there) => {
      const isSame = partsOf(one).every((part, index) => part === partsOf(other)[index])
      assert.equal(one.id === other.id, isSame)
      assert.equal(one.sliceId(here) === other.sliceId(there), isSame && here === there)
      assert.notEqual(one.id, other.sliceId(there))
    }),
  )
})

test('a text never holds a space or a control character', () => {
  fc.assert(
    fc.property(keys, (key) => {
      assert.doesNotMatch(key.id, /[\p{Cc} ]/u)
    }),
  )
})

test('parsing is total: any text gives a key or undefined', () => {
  fc.assert(
    fc.property(text, (anything) => {
      const key = CacheKey.parse(anything)
      assert.ok(key === undefined || key instanceof CacheKey)
    }),
  )
})
