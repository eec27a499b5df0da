import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CacheKey } from '../../../src/cache/cache-key.ts'
import { ObjectCount } from '../../../src/cache/object-count.ts'
import { idOf, sliceIdOf } from '../../support/cache-records.ts'

test('an object counts once, with all its slices, queries and variants', () => {
  const objects = new ObjectCount()
  assert.equal(objects.size, 0)
  const query = new CacheKey('media', 'a', 'w=1')
  for (const id of [idOf('a'), sliceIdOf('a', 7), query.id, query.sliceId(0), query.withVariant('x').id])
    objects.add(id)
  assert.equal(objects.size, 1)
  for (const id of [idOf('b'), idOf('a', 'other'), idOf('a:s=7')]) objects.add(id)
  assert.equal(objects.size, 4)
})

test('of hundreds of thousands of keys that are much alike none is taken for another', () => {
  const objects = new ObjectCount()
  for (let index = 0; index < 300_000; index++) objects.add(idOf(`films/${index % 100}/${index}.jpg`))
  assert.equal(objects.size, 300_000)
})
