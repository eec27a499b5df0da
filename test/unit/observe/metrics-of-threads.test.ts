/** One set of metrics for what several threads count. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CacheStatsReader } from '../../../src/observe/cache-stats.ts'
import { InstrumentSet } from '../../../src/observe/instruments.ts'
import { createMetrics, readAtScrape } from '../../../src/observe/metrics.ts'
import { Registry } from '../../../src/observe/registry.ts'
import { Savings } from '../../../src/observe/savings.ts'
import type { ValueMemory } from '../../../src/observe/series.ts'
import { fc } from '../../support/fast-check.ts'
import { samplesIn, samplesOf } from './samples.ts'

function declared(registry: Registry, memory?: ValueMemory) {
  const declare = new InstrumentSet(registry, memory)
  return {
    registry,
    eggs: declare.counter('eggs_total', 'Eggs laid.', ['nest']),
    crows: declare.gauge('crows', 'Crows at home.', ['nest']),
    age: declare.gauge('age_seconds', 'Of the oldest.', ['nest'], 'max'),
    season: declare.gauge('season', 'Of the year.', [], 'main'),
    flights: declare.histogram('flight_seconds', 'Time in the air.', [], [1, 10]),
  }
}

/** Memory of a worker whose series the main thread adopts. */
function memoryOf(worker: number, main: Registry): ValueMemory {
  return {
    open(series, length) {
      const values = new Float64Array(length)
      main.adopt(worker, series, values)
      return values
    },
    close: (series) => main.drop(worker, series),
  }
}

function stage() {
  const main = declared(new Registry())
  const startWorker = (worker: number) => declared(new Registry(), memoryOf(worker, main.registry))
  const samples = async (name: string) => samplesOf(await main.registry.metrics(), `yatagarasu_${name}`)
  return { main, startWorker, samples }
}

test('what the main thread reads and shows is its own count and that of every worker', async () => {
  const { main, startWorker, samples } = stage()
  const [one, two] = [startWorker(1), startWorker(2)]
  main.eggs.cell('oak').add(1)
  one.eggs.cell('oak').add(10)
  two.eggs.cell('oak').add(100)
  two.eggs.cell('elm').add(1000)
  assert.deepEqual(await samples('eggs_total'), { '{nest="oak"}': 111, '{nest="elm"}': 1000 })
  assert.equal(main.eggs.read('oak'), 111)
  assert.equal(one.eggs.read('oak'), 10)
})

test('adding in the main thread adds to its own count alone', () => {
  const { main, startWorker } = stage()
  startWorker(1).eggs.cell('oak').add(10)
  for (let times = 0; times < 3; times++) main.eggs.cell('oak').add(1)
  assert.equal(main.eggs.read('oak'), 13)
})

test('a histogram has what all threads observed, bucket by bucket', async () => {
  const { main, startWorker } = stage()
  startWorker(1).flights.cell().observe(0.5)
  startWorker(3).flights.cell().observe(5)
  main.flights.cell().observe(50)
  const samples = samplesIn(await main.registry.metrics())
  const bucket = (le: string) => samples.get(`yatagarasu_flight_seconds_bucket{le="${le}"}`)
  assert.deepEqual(['1.0', '10.0', '+Inf'].map(bucket), [1, 2, 3])
  assert.deepEqual(main.flights.read(), { count: 3, sum: 55.5 })
})

test('a gauge is the sum of its threads, or the highest of them, or of the main thread alone', async () => {
  const { main, startWorker, samples } = stage()
  main.season.cell().set(4)
  for (const [worker, value] of [[1, 5] as const, [2, 3] as const]) {
    const { crows, age, season } = startWorker(worker)
    crows.cell('oak').set(value)
    age.cell('oak').set(value)
    season.cell().set(value)
  }
  assert.deepEqual(await samples('crows'), { '{nest="oak"}': 8 })
  assert.deepEqual(await samples('age_seconds'), { '{nest="oak"}': 5 })
  assert.deepEqual(await samples('season'), { '': 4 })
})

test('what a worker has counted stays when it ends, what it measured goes with it, and its successor begins at 0', async () => {
  const { main, startWorker, samples } = stage()
  const first = startWorker(1)
  first.eggs.cell('oak').add(5)
  first.flights.cell().observe(2)
  for (const gauge of [first.crows, first.age]) gauge.cell('oak').set(7)
  main.registry.ended(1)
  assert.deepEqual(await samples('crows'), {})
  assert.deepEqual(await samples('age_seconds'), {})
  assert.deepEqual([main.eggs.read('oak'), main.flights.read()], [5, { count: 1, sum: 2 }])

  const second = startWorker(1)
  second.eggs.cell('oak').add(1)
  second.crows.cell('oak').set(2)
  assert.deepEqual([second.eggs.read('oak'), main.eggs.read('oak')], [1, 6])
  assert.deepEqual(await samples('crows'), { '{nest="oak"}': 2 })
})

test('a gauge that a worker removes is shown as long as another thread has it', async () => {
  const { main, startWorker, samples } = stage()
  const [one, two] = [startWorker(1), startWorker(2)]
  for (const { crows } of [main, one, two]) crows.cell('oak').set(2)
  one.crows.remove('oak')
  assert.deepEqual(await samples('crows'), { '{nest="oak"}': 4 })
  main.crows.remove('oak')
  assert.deepEqual(await samples('crows'), { '{nest="oak"}': 2 })
  two.crows.remove('oak')
  assert.deepEqual(await samples('crows'), {})
  one.crows.cell('oak').set(3)
  assert.deepEqual(await samples('crows'), { '{nest="oak"}': 3 })
})

test('sums are exact, and never less than before, whatever threads count and whenever they end', () => {
  const step = fc.record({
    worker: fc.integer({ min: 0, max: 4 }),
    nest: fc.constantFrom('oak', 'elm', 'ash'),
    amount: fc.nat(1e6),
    seconds: fc.double({ min: 0, max: 20, noNaN: true }),
    ends: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { main, startWorker } = stage()
      const threads = [main, ...[1, 2, 3, 4].map(startWorker)]
      const expected = new Map<string, number>()
      let observed = 0
      let sumBefore = 0
      for (const { worker, nest, amount, seconds, ends } of steps) {
        threads[worker]?.eggs.cell(nest).add(amount)
        threads[worker]?.flights.cell().observe(seconds)
        expected.set(nest, (expected.get(nest) ?? 0) + amount)
        observed++
        if (ends && worker > 0) {
          main.registry.ended(worker)
          threads[worker] = startWorker(worker)
        }
        const { count, sum } = main.flights.read()
        assert.equal(count, observed)
        assert.ok(sum >= sumBefore, `${sum} < ${sumBefore}`)
        sumBefore = sum
      }
      for (const [nest, count] of expected) assert.equal(main.eggs.read(nest), count)
    }),
    { numRuns: 300 },
  )
})

test('a worker reads its gauges again when it is told to, but not those of the main thread', () => {
  const { startWorker, main } = stage()
  const worker = startWorker(1)
  readAtScrape(worker.crows, () => worker.crows.cell('oak').set(4))
  readAtScrape(worker.season, () => assert.fail('the season is none of its business'))
  worker.registry.refresh()
  assert.equal(main.crows.read('oak'), 4)
})

test('a scrape waits for what is to be done before it', async () => {
  const { main, samples } = stage()
  main.registry.beforeScrape(async () => main.crows.cell('oak').set(9))
  assert.deepEqual(await samples('crows'), { '{nest="oak"}': 9 })
})

test('of exemplars of several threads the latest is shown', async () => {
  const { main, startWorker } = stage()
  const worker = startWorker(1)
  const of = (traceId: string, atMs: number) => ({ traceId, atMs })
  worker.flights.cell().observe(0.5, of('later', 2000))
  worker.flights.cell().observe(5, of('earlier', 2000))
  main.flights.cell().observe(0.6, of('main', 1000))
  main.flights.cell().observe(6, of('main', 3000))
  main.registry.adoptExemplars(worker.registry.refresh())
  const told = [...(await main.registry.metrics('openmetrics')).matchAll(/le="(.*)".* # .*trace_id="(.*)"/g)]
  assert.deepEqual(
    told.map(([, bound, id]) => [bound, id]),
    [
      ['1.0', 'later'],
      ['10.0', 'main'],
    ],
  )
  assert.deepEqual(worker.registry.refresh(), [])
})

test('statistics and dollars are of all threads, and workers charge nothing themselves', () => {
  const main = createMetrics({ version: '0', node: '0' })
  const prices = { per1000Requests: 1, perGb: 0 }
  const savings = new Savings(main, prices)
  const workers = [1, 2].map((worker) => {
    const metrics = createMetrics({ version: '0', node: '0' }, memoryOf(worker, main.registry))
    return { metrics, savings: new Savings(metrics, prices) }
  })
  for (const { metrics } of workers) {
    metrics.requestsAvoided.cell('a').add(1000)
    metrics.originRequests.cell('a', '', '200').add(500)
    metrics.httpDuration.cell('a', 'hit').observe(0.01)
    metrics.cacheHits.cell('a', 'memory').add(1)
  }
  const usage = { items: 0, bytes: 0, maxBytes: 1, buckets: new Map() }
  const read = () => new CacheStatsReader(main, savings, () => [['memory', usage]]).read(['a'])
  const before = read()
  assert.equal(before.total.hits, 2)
  assert.equal(before.tiers.get('memory')?.hits, 2)
  assert.deepEqual([before.total.dollarsSaved, before.total.dollarsSpent], [2, 1])

  for (const { savings: own, metrics } of workers) {
    own.usePrices({ per1000Requests: 50, perGb: 0 })
    metrics.registry.refresh()
  }
  main.registry.ended(2)
  assert.deepEqual(read(), before)
})

test("Node's own metrics are those of the main thread", async () => {
  const worker = createMetrics(
    { version: '0', node: '0' },
    memoryOf(1, createMetrics({ version: '0', node: '0' }).registry),
  )
  assert.doesNotMatch(await worker.registry.metrics(), /^(process|nodejs)_/m)
})
