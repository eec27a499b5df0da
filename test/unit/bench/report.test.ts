import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findRegressions } from '../../../bench/rig/comparison.ts'
import { scenarioTable } from '../../../bench/rig/report.ts'
import type { ScenarioResult } from '../../../bench/rig/runner.ts'
import type { Metrics } from '../../../bench/rig/scenario.ts'

function result(rounds: Record<string, readonly Metrics[]>): ScenarioResult {
  return { name: 'hot', question: 'what?', load: 'some', rivals: ['nginx', 'varnish'], rounds, problems: [] }
}

test('a table shows medians with their spread, and ratios to the rivals that ran', () => {
  const table = scenarioTable(
    result({
      ours: [{ cpuMicros: 10 }, { cpuMicros: 14 }, { cpuMicros: 12 }],
      nginx: [{ cpuMicros: 10 }, { cpuMicros: 10 }, { cpuMicros: 10 }],
    }),
    'ours',
    ['nginx', 'varnish'],
  )
  assert.deepEqual(table.split('\n'), [
    '|  | ours | nginx | ours / nginx |',
    '| --- | ---: | ---: | ---: |',
    '| CPU/request | 12.0 µs (10.0 µs–14.0 µs) | 10.0 µs | 1.20 (1.00–1.40) |',
  ])
})

test('a metric without a meaningful ratio has an empty cell', () => {
  const table = scenarioTable(result({ ours: [{ errors: 0 }], nginx: [{ errors: 0 }] }), 'ours', ['nginx'])
  assert.equal(table.split('\n').at(-1), '| errors | 0 | 0 |  |')
})

test('a regression is more CPU, memory or origin traffic than the threshold allows, whatever the clock says', () => {
  const base = [{ cpuMicros: 100, peakRssMb: 50, requestsPerSecond: 1000, p99Ms: 1 }]
  const judge = (ours: Metrics) => findRegressions(result({ tree: [ours], base }), 'tree', 'base', 0.05)
  assert.deepEqual(judge({ cpuMicros: 104, peakRssMb: 52, requestsPerSecond: 500, p99Ms: 9 }), [])
  assert.deepEqual(judge({ cpuMicros: 50, peakRssMb: 20 }), [])
  assert.deepEqual(
    judge({ cpuMicros: 110, peakRssMb: 60 }).map(({ metric }) => metric),
    ['cpuMicros', 'peakRssMb'],
  )
})
