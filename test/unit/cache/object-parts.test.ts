import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CacheKey } from '../../../src/cache/cache-key.ts'
import { ObjectParts } from '../../../src/cache/object-parts.ts'
import { idOf, sliceIdOf } from '../../support/cache-records.ts'

test('an object is found with its slices, queries and variants, by its own id or that of a part', () => {
  const parts = new ObjectParts()
  const query = new CacheKey('media', 'a', 'w=1')
  const others = [idOf('a'), idOf('ab'), sliceIdOf('ab', 0), sliceIdOf('a', 0, 'other')]
  const ids = [sliceIdOf('a', 3), query.id, query.sliceId(0), query.withVariant('x').id]
  for (const id of [...others, ...ids, ...ids]) parts.came(id)
  for (const id of [idOf('a'), ...ids]) assert.deepEqual(parts.allOf(id), [idOf('a'), ...ids])
  assert.deepEqual(parts.allOf(idOf('b')), [idOf('b')])
})

test('what has left is forgotten, and may come again', () => {
  const parts = new ObjectParts()
  parts.left(sliceIdOf('a', 0))
  for (const index of [0, 1]) parts.came(sliceIdOf('a', index))
  parts.left(sliceIdOf('a', 0))
  parts.left(idOf('a'))
  assert.deepEqual(parts.allOf(idOf('a')), [idOf('a'), sliceIdOf('a', 1)])
  parts.left(sliceIdOf('a', 1))
  assert.deepEqual(parts.allOf(idOf('a')), [idOf('a')])
  parts.came(sliceIdOf('a', 0))
  assert.deepEqual(parts.allOf(idOf('a')), [idOf('a'), sliceIdOf('a', 0)])
})
