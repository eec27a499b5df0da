import assert from 'node:assert/strict'
import { test } from 'node:test'
import { backoffMs } from '../../../src/redis/backoff.ts'
import { createFakeRandom } from '../../support/fake-random.ts'

test('the delay begins short enough for one operation, doubles, and stays at a second', () => {
  const longest = createFakeRandom([0.999_999])
  const delays = [0, 1, 2, 5, 6, 100].map((attempts) => Math.round(backoffMs(attempts, longest)))
  assert.deepEqual(delays, [25, 50, 100, 800, 1000, 1000])
})

test('half of the delay is chance', () => {
  assert.equal(backoffMs(6, createFakeRandom([0])), 500)
  assert.equal(backoffMs(6, createFakeRandom([0.5])), 750)
})
