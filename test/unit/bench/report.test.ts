import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findRegressions } from '../../../bench/rig/comparison.ts'
import { scenarioTable } from '../../../bench/rig/report.ts'
import { type BenchResult, isComplete } from '../../../bench/rig/results.ts'
import type { ScenarioResult } from '../../../bench/rig/runner.ts'
import type { Metrics } from '../../../bench/rig/scenario.ts'

function result(rounds: Record<string, readonly Metrics[]>, problems: readonly string[] = []): ScenarioResult {
  return { name: 'hot', question: 'what?', load: 'some', rivals: ['nginx', 'varnish'], rounds, problems }
}

function bench(scenario: ScenarioResult): BenchResult {
  const machine = {
    date: '2026-01-01T00:00:00Z',
    commit: 'abc',
    cpu: 'x',
    coreCount: 2,
    cores: { server: 0, client: 1, origin: 1 },
    memoryGb: 1,
    kernel: '6',
    congestionControl: 'cubic',
    loadAverage: 0,
    versions: { node: '26', nginx: '1', varnish: '7', wrk: '4' },
  }
  return { machine, rounds: 5, scenarios: [scenario] }
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

test('only a run of all scenarios and servers, with enough rounds and no failed request, is complete', () => {
  const five = Array.from({ length: 5 }, () => ({ cpuMicros: 1 }))
  const all = { yatagarasu: five, nginx: five, varnish: five }
  assert.equal(isComplete(bench(result(all)), ['hot']), true)
  assert.equal(isComplete(bench(result(all)), ['hot', 'cold']), false)
  assert.equal(isComplete(bench(result(all, ['wrong bytes'])), ['hot']), false)
  assert.equal(isComplete(bench(result({ ...all, nginx: five.slice(1) })), ['hot']), false)
  assert.equal(isComplete(bench(result({ yatagarasu: five, nginx: five })), ['hot']), false)
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
