import assert from 'node:assert/strict'
import { test } from 'node:test'
import { median, pairedRatio, percentile, spread, summarize } from '../../../bench/rig/summary.ts'
import { fc } from '../../support/fast-check.ts'

test('the median of an even number of values lies between the middle two', () => {
  assert.equal(median([9, 1, 5]), 5)
  assert.equal(median([4, 1, 10, 2]), 3)
})

test('a percentile is the smallest value that at least that share of the values does not exceed', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index)
  assert.equal(percentile(hundred, 0.5), 50)
  assert.equal(percentile(hundred, 0.99), 99)
  assert.equal(percentile([7], 0.99), 7)
})

test('a percentile of any values is one of them, with the right share at or below it', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer(), { minLength: 1 }),
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      (values, share) => {
        const found = percentile(values, share)
        assert.ok(values.includes(found))
        const atOrBelow = values.filter((value) => value <= found).length
        const below = values.filter((value) => value < found).length
        assert.ok(atOrBelow >= share * values.length - 1e-9)
        assert.ok(below < share * values.length + 1e-9)
      },
    ),
  )
})

test('sorting is by number, not by text, and leaves the values where they were', () => {
  const values = [10, 9, 100]
  assert.deepEqual(spread(values), { median: 10, min: 9, max: 100 })
  assert.deepEqual(values, [10, 9, 100])
})

test('a metric that only some rounds have is not summarized', () => {
  const summary = summarize([{ p50Ms: 1, cpuMicros: 10 }, { cpuMicros: 30 }])
  assert.deepEqual(summary, { cpuMicros: { median: 20, min: 10, max: 30 } })
})

test('a ratio is taken round by round, so that a slow minute on both sides does not show', () => {
  const ours = [{ cpuMicros: 10 }, { cpuMicros: 100 }, { cpuMicros: 12 }]
  const theirs = [{ cpuMicros: 20 }, { cpuMicros: 200 }, { cpuMicros: 20 }]
  assert.deepEqual(pairedRatio(ours, theirs, 'cpuMicros'), { median: 0.5, min: 0.5, max: 0.6 })
})

test('there is no ratio to nothing', () => {
  assert.equal(pairedRatio([{ cpuMicros: 1 }], [{ cpuMicros: 0 }], 'cpuMicros'), undefined)
  assert.equal(pairedRatio([{ cpuMicros: 1 }], [{}], 'cpuMicros'), undefined)
  assert.equal(pairedRatio([{ cpuMicros: 1 }], [], 'cpuMicros'), undefined)
})
