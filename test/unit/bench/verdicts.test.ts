import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareWith, judge, type Verdict } from '../../../bench/publish/verdicts.ts'
import type { Metrics } from '../../../bench/rig/scenario.ts'
import { fc } from '../../support/fast-check.ts'

function result(yatagarasu: readonly Metrics[], nginx: readonly Metrics[]) {
  return { name: 'hot', question: '', load: '', rivals: ['nginx'], rounds: { yatagarasu, nginx }, problems: [] }
}

const cases: readonly (readonly [number, number, 'lower' | 'higher', Verdict])[] = [
  [0.8, 0.9, 'lower', 'better'],
  [0.8, 0.9, 'higher', 'worse'],
  [1.1, 1.2, 'lower', 'worse'],
  [1.1, 1.2, 'higher', 'better'],
  [0.9, 1.1, 'lower', 'level'],
  [0.9, 1.1, 'higher', 'level'],
  [1, 1, 'lower', 'level'],
  [0.9, 1, 'lower', 'level'],
]
for (const [min, max, better, verdict] of cases) {
  test(`${min} to ${max} times theirs, where ${better} is better, is ${verdict}`, () => {
    assert.equal(judge({ median: (min + max) / 2, min, max }, better), verdict)
  })
}

test('what is better for us is worse for them', () => {
  const ratios = fc.array(fc.double({ min: 0.01, max: 100, noNaN: true }), { minLength: 1 })
  const opposite = { better: 'worse', worse: 'better', level: 'level' } as const
  fc.assert(
    fc.property(ratios, fc.constantFrom('lower', 'higher'), (values, better) => {
      const [min, max] = [Math.min(...values), Math.max(...values)]
      const theirs = judge({ median: 1 / min, min: 1 / max, max: 1 / min }, better)
      assert.equal(theirs, opposite[judge({ median: min, min, max }, better)])
    }),
  )
})

test('only what both have in every round is compared', () => {
  const ours = [{ cpuMicros: 20, p99Ms: 3, peakRssMb: 5 }]
  const found = compareWith(result(ours, [{ cpuMicros: 10, p99Ms: 3 }]), 'nginx')
  assert.deepEqual(
    found.map(({ metric, ratio, verdict }) => [metric.name, ratio.median, verdict]),
    [
      ['cpuMicros', 2, 'worse'],
      ['p99Ms', 1, 'level'],
    ],
  )
  assert.deepEqual(compareWith(result(ours, []), 'varnish'), [])
})
