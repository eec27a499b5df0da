import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SlowLookups } from '../../../src/cache/slow-lookups.ts'
import { idOf } from '../../support/cache-records.ts'

test('a look-up is the newest unless its id changed meanwhile, and is forgotten when it ends', () => {
  const lookups = new SlowLookups()
  const one = lookups.begin(idOf('a'))
  const other = lookups.begin(idOf('a'))
  assert.equal(lookups.finish(one), true)
  lookups.outdate(idOf('b'))
  lookups.outdate(idOf('a'))
  const later = lookups.begin(idOf('a'))
  assert.equal(lookups.finish(other), false)
  assert.equal(lookups.finish(later), true)
  assert.equal(lookups.size, 0)
})

test('many look-ups are outdated at once by what their ids are', () => {
  const lookups = new SlowLookups()
  const [one, other] = [lookups.begin(idOf('a')), lookups.begin(idOf('b'))]
  lookups.outdateWhere((id) => id === idOf('a'))
  assert.deepEqual([lookups.finish(one), lookups.finish(other)], [false, true])
})
