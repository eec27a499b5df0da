/** What a thread has of what all threads have together. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shareOf } from '../../../src/workers/share.ts'
import { fc } from '../../support/fast-check.ts'

const sharesOf = (total: number, threads: number) =>
  Array.from({ length: threads }, (_, index) => shareOf(total, threads, index))

test('shares differ by one at most, the first have more', () => {
  assert.deepEqual(sharesOf(50, 4), [13, 13, 12, 12])
  assert.deepEqual(sharesOf(8, 4), [2, 2, 2, 2])
})

test('where there is less than one for each, each has one', () => {
  assert.deepEqual(sharesOf(2, 3), [1, 1, 1])
})

test('shares of any total are all of it, and none is nothing', () => {
  const total = fc.integer({ min: 0, max: 2 ** 40 })
  fc.assert(
    fc.property(total, fc.integer({ min: 1, max: 256 }), (whole, threads) => {
      const shares = sharesOf(whole, threads)
      assert.ok(shares.every((share) => share >= 1))
      const sum = shares.reduce((all, share) => all + share, 0)
      assert.equal(sum, Math.max(whole, threads))
    }),
  )
})
