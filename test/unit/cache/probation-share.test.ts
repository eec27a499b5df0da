import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProbationShare } from '../../../src/cache/probation-share.ts'

function createShare(): ProbationShare {
  const share = new ProbationShare(100_000)
  share.remember(2048)
  return share
}

test('probation starts with a tenth, and a use counts after a quarter of that', () => {
  assert.equal(createShare().bytes, 10_000)
  assert.equal(createShare().burstBytes, 2500)
})

test('it grows by a mean entry when what left it is wanted at once, which then belongs in the main region', () => {
  const share = createShare()
  share.leftProbation(7)
  assert.equal(share.learn(7, 100, 50_000), true)
  assert.equal(share.bytes, 10_500)
  assert.equal(share.learn(7, 100, 50_000), false)
})

test('it shrinks when what left the main region is wanted at once, which comes in by probation again', () => {
  const share = createShare()
  share.leftMain(7)
  assert.equal(share.learn(7, 100, 50_000), false)
  assert.equal(share.bytes, 9500)
})

test('what comes back later than a twentieth of the entries moves nothing; later than all of them it is new', () => {
  const share = createShare()
  for (let hash = 1; hash <= 200; hash++) share.leftProbation(hash)
  assert.equal(share.learn(150, 100, 50_000), true)
  assert.equal(share.learn(99, 100, 50_000), false)
  assert.equal(share.bytes, 10_000)
})

test('it stays between a twentieth and a half', () => {
  const share = createShare()
  for (let hash = 1; hash <= 200; hash++) {
    share.leftProbation(hash)
    share.learn(hash, 100, 100_000)
  }
  assert.equal(share.bytes, 50_000)
  assert.equal(share.burstBytes, 2500)
  for (let hash = 1; hash <= 200; hash++) {
    share.leftMain(hash)
    share.learn(hash, 100, 100_000)
  }
  assert.equal(share.bytes, 5000)
  assert.equal(share.burstBytes, 1250)
})
