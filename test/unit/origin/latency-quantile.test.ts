import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LatencyQuantile } from '../../../src/origin/latency-quantile.ts'
import { fc } from '../../support/fast-check.ts'

test('twenty samples are enough to tell, and nineteen are not', () => {
  const quantile = new LatencyQuantile(0.95)
  for (let ms = 20; ms > 1; ms--) quantile.add(ms)
  assert.equal(quantile.valueMs, undefined)
  quantile.add(1)
  assert.equal(quantile.valueMs, 19)
})

test('what was long ago is forgotten', () => {
  const quantile = new LatencyQuantile(0.95)
  for (let count = 0; count < 256; count++) quantile.add(1000)
  assert.equal(quantile.valueMs, 1000)
  for (let count = 0; count < 256; count++) quantile.add(3)
  assert.equal(quantile.valueMs, 3)
})

test('it is the nearest rank among the last 256 samples, at most 15 samples ago', () => {
  const samples = fc.array(fc.double({ min: 0, max: 60_000, noNaN: true }), {
    minLength: 20,
    maxLength: 700,
    size: 'max',
  })
  const property = fc.property(samples, fc.constantFrom(0.5, 0.95, 1), (added, share) => {
    const quantile = new LatencyQuantile(share)
    for (const ms of added) quantile.add(ms)
    const recent = Array.from({ length: 16 }, (_, ago) => added.length - ago).filter((length) => length >= 20)
    assert.ok(recent.some((length) => nearestRank(added.slice(0, length).slice(-256), share) === quantile.valueMs))
  })
  fc.assert(property)
})

/** The smallest sample that at least this share of them do not exceed. */
function nearestRank(samples: readonly number[], share: number): number | undefined {
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted.find((_, index) => index + 1 >= share * sorted.length)
}
