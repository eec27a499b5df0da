import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CacheKey } from '../../../src/cache/cache-key.ts'
import { PartCounts } from '../../../src/cache/part-counts.ts'

const whole = new CacheKey('media', 'a')
const query = new CacheKey('media', 'a', 'w=1')

test('an object has as many parts as came and did not leave; asked of a part, it is those of the whole', () => {
  const counts = new PartCounts()
  const parts = [whole.sliceId(0), whole.sliceId(7), query.id, query.sliceId(0), whole.withVariant('gzip').id]
  for (const id of [whole.id, ...parts]) counts.came(id)
  assert.equal(counts.most(whole.id), 5)
  assert.equal(counts.most(query.sliceId(3)), 5)
  assert.equal(counts.most(new CacheKey('media', 'b').id), 0)
  for (const id of [whole.id, ...parts]) counts.left(id)
  assert.equal(counts.most(whole.id), 0)
})

test('of an object with more parts than can be counted nobody knows how many, also when most have left', () => {
  const counts = new PartCounts()
  for (let index = 0; index < 70_000; index++) counts.came(whole.sliceId(index))
  assert.equal(counts.most(whole.id), Number.POSITIVE_INFINITY)
  for (let index = 1; index < 70_000; index++) counts.left(whole.sliceId(index))
  assert.equal(counts.most(whole.id), Number.POSITIVE_INFINITY)
})
