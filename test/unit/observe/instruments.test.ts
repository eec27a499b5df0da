import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InstrumentSet } from '../../../src/observe/instruments.ts'
import { createMetrics, readAtScrape } from '../../../src/observe/metrics.ts'
import { Registry } from '../../../src/observe/registry.ts'
import { fc } from '../../support/fast-check.ts'
import { samplesIn, samplesOf } from './samples.ts'

function stage() {
  const registry = new Registry()
  return { registry, declare: new InstrumentSet(registry) }
}

test('a counter is shown with its help, its type and a line for each combination of labels', async () => {
  const { registry, declare } = stage()
  const eggs = declare.counter('eggs_total', 'Eggs laid.', ['nest', 'colour'])
  eggs.cell('oak', 'blue').add(2)
  eggs.cell('elm', 'white').add(1)
  eggs.cell('oak', 'blue').add(1)

  assert.equal(
    await registry.metrics(),
    [
      '# HELP yatagarasu_eggs_total Eggs laid.',
      '# TYPE yatagarasu_eggs_total counter',
      'yatagarasu_eggs_total{nest="oak",colour="blue"} 3',
      'yatagarasu_eggs_total{nest="elm",colour="white"} 1',
      '',
    ].join('\n'),
  )
})

test('the same label values are the same cell, and values that only look alike together are not', () => {
  const eggs = stage().declare.counter('eggs_total', 'Eggs laid.', ['nest', 'colour'])
  assert.equal(eggs.cell('oak', 'blue'), eggs.cell('oak', 'blue'))
  assert.notEqual(eggs.cell('oak', 'blue'), eggs.cell('oakblue', ''))
})

test('label values are escaped', async () => {
  const { registry, declare } = stage()
  declare.counter('eggs_total', 'Eggs laid.', ['nest']).cell('a "high" \\ nest').add(1)
  assert.match(await registry.metrics(), /\{nest="a \\"high\\" \\\\ nest"\} 1/)
})

test('a gauge is read from where its value lives at each scrape', async () => {
  const { registry, declare } = stage()
  const crows = declare.gauge('crows', 'Crows at home.', [])
  let home = 3
  readAtScrape(crows, () => {
    crows.cell().set(home)
  })

  assert.equal(samplesIn(await registry.metrics()).get('yatagarasu_crows'), 3)
  home = 1
  assert.equal(samplesIn(await registry.metrics()).get('yatagarasu_crows'), 1)
})

test('a histogram counts a value in the bucket of its upper bound, that bound included, and in all above it', async () => {
  const { registry, declare } = stage()
  const flights = declare.histogram('flight_seconds', 'Time in the air.', ['wing'], [0.1, 1, 10])
  for (const seconds of [0.05, 0.1, 0.5, 1, 1.5, 99]) flights.cell('left').observe(seconds)

  const text = await registry.metrics()
  assert.match(text, /^# TYPE yatagarasu_flight_seconds histogram$/m)
  const samples = samplesIn(text)
  const bucket = (le: string) => samples.get(`yatagarasu_flight_seconds_bucket{wing="left",le="${le}"}`)
  assert.deepEqual(['0.1', '1.0', '10.0', '+Inf'].map(bucket), [2, 4, 5, 6])
  assert.equal(samples.get('yatagarasu_flight_seconds_count{wing="left"}'), 6)
  assert.ok(Math.abs((samples.get('yatagarasu_flight_seconds_sum{wing="left"}') ?? 0) - 102.15) < 1e-9)
})

test('buckets are cumulative and end at the count, whatever is observed', () => {
  const bounds = [0, 0.5, 2, 30]
  const values = fc.array(fc.double({ min: -1, max: 100, noNaN: true }))
  fc.assert(
    fc.property(values, (observed) => {
      const family = stage().declare.histogram('x_seconds', 'X.', [], bounds)
      for (const value of observed) family.cell().observe(value)
      const samples = samplesIn(family.lines('text'))
      const buckets = [...samples].filter(([name]) => name.includes('_bucket')).map(([, count]) => count)
      const expected = bounds.map((bound) => observed.filter((value) => value <= bound).length)
      const hasAny = observed.length > 0 || buckets.length > 0
      assert.deepEqual(buckets, hasAny ? [...expected, observed.length] : [])
    }),
    { numRuns: 200 },
  )
})

test('a name is declared once', () => {
  const { declare } = stage()
  declare.gauge('crows', 'Crows at home.', [])
  assert.throws(() => declare.histogram('crows', 'Crows again.', [], []), /yatagarasu_crows is declared already/)
})

test('declarations tell name, type, labels and help, in order', () => {
  const { declare } = stage()
  declare.gauge('crows', 'Crows at home.', [])
  declare.histogram('flight_seconds', 'Time in the air.', ['wing'], [1])
  assert.deepEqual(declare.declarations, [
    { name: 'yatagarasu_crows', type: 'gauge', help: 'Crows at home.', labels: [], across: 'sum' },
    { name: 'yatagarasu_flight_seconds', type: 'histogram', help: 'Time in the air.', labels: ['wing'], across: 'sum' },
  ])
})

test("the metrics of a process are the build's, the product's and Node's own", async () => {
  const { registry } = createMetrics({ version: '1.2.3', node: 'v26.0.0' })
  const text = await registry.metrics()
  assert.equal(samplesIn(text).get('yatagarasu_build_info{version="1.2.3",node="v26.0.0"}'), 1)
  for (const name of ['yatagarasu_http_requests_total', 'process_cpu_seconds_total', 'nodejs_eventloop_lag_seconds'])
    assert.match(text, new RegExp(`^# TYPE ${name} `, 'm'))
})

test('in OpenMetrics a counter is called without its ending, help is quoted, and there is an end', async () => {
  const { registry, declare } = stage()
  declare.counter('eggs_total', 'Eggs of the "high" \\ nest.', ['nest']).cell('oak').add(1.5)
  declare.gauge('crows', 'Crows at home.', []).cell().set(Number.NEGATIVE_INFINITY)

  assert.equal(
    await registry.metrics('openmetrics'),
    [
      '# HELP yatagarasu_eggs Eggs of the \\"high\\" \\\\ nest.',
      '# TYPE yatagarasu_eggs counter',
      'yatagarasu_eggs_total{nest="oak"} 1.5',
      '# HELP yatagarasu_crows Crows at home.',
      '# TYPE yatagarasu_crows gauge',
      'yatagarasu_crows -Inf',
      '# EOF',
      '',
    ].join('\n'),
  )
})

test('each bucket of a histogram carries the last exemplar that fell into it, and only in OpenMetrics', async () => {
  const { registry, declare } = stage()
  const cell = declare.histogram('flight_seconds', 'Time in the air.', [], [0.1, 2]).cell()
  const of = (traceId: string) => ({ traceId, atMs: 1_700_000_000_123 })
  cell.observe(0.05, of('first'))
  cell.observe(0.07, of('second'))
  cell.observe(0.08)
  cell.observe(3, of('third'))

  const buckets = (text: string) => text.split('\n').filter((line) => line.includes('_bucket'))
  assert.deepEqual(buckets(await registry.metrics('openmetrics')), [
    'yatagarasu_flight_seconds_bucket{le="0.1"} 3 # {trace_id="second"} 0.07 1700000000.123',
    'yatagarasu_flight_seconds_bucket{le="2.0"} 3',
    'yatagarasu_flight_seconds_bucket{le="+Inf"} 4 # {trace_id="third"} 3 1700000000.123',
  ])
  assert.ok(buckets(await registry.metrics()).every((line) => !line.includes('#')))
})

test('a cell that is removed has no line until it is asked for again', async () => {
  const { registry, declare } = stage()
  const crows = declare.gauge('crows', 'Crows at home.', ['nest'])
  for (const nest of ['oak', 'elm']) crows.cell(nest).set(2)
  crows.remove('oak')
  assert.deepEqual(samplesOf(await registry.metrics(), 'yatagarasu_crows'), { '{nest="elm"}': 2 })
  assert.equal(crows.read('oak'), 0)
})

test('metrics that are none of ours are printed in the same way', async () => {
  const labels = { kind: 'a "minor" one', major: 26, le: 1 }
  const values = [
    { metricName: 'gc_seconds_bucket', labels, value: 3 },
    { metricName: 'gc_seconds_sum', labels: {}, value: 0.5 },
  ]
  const metric = { name: 'gc_seconds', help: 'Time.', type: 'histogram', values }
  const registry = new Registry({ getMetricsAsJSON: async () => [metric] })
  const lines = ['gc_seconds_bucket{kind="a \\"minor\\" one",major="26",le="1.0"} 3', 'gc_seconds_sum 0.5']
  const text = ['# HELP gc_seconds Time.', '# TYPE gc_seconds histogram', ...lines, ''].join('\n')
  assert.equal(await registry.metrics(), text)
  assert.equal(await registry.metrics('openmetrics'), `${text}# EOF\n`)
})
