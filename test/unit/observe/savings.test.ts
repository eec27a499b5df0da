import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CacheStatsReader } from '../../../src/observe/cache-stats.ts'
import { createMetrics } from '../../../src/observe/metrics.ts'
import { Savings } from '../../../src/observe/savings.ts'
import { fc } from '../../support/fast-check.ts'
import { samplesOf } from './samples.ts'

const usual = { per1000Requests: 0.4, perGb: 90 }

function stage(prices = usual) {
  const metrics = createMetrics({ version: '0', node: '0' })
  const savings = new Savings(metrics, prices)
  const samples = async (name: string) => samplesOf(await metrics.registry.metrics(), `yatagarasu_cost_${name}_total`)
  return { metrics, savings, samples }
}

test('dollars are what requests and bytes come to, by bucket, and a scrape adds nothing twice', async () => {
  const { metrics, samples } = stage()
  metrics.requestsAvoided.cell('a').add(5000)
  metrics.bytesAvoided.cell('a').add(2e9)
  metrics.bytesAvoided.cell('b').add(1e9)
  metrics.originRequests.cell('a', 'near', '200').add(1000)
  metrics.originRequests.cell('a', 'far', '304').add(500)
  metrics.originBytes.cell('a').add(1e9)

  for (let scrape = 0; scrape < 3; scrape++) {
    assert.deepEqual(await samples('saved_dollars'), { '{bucket="a"}': 182, '{bucket="b"}': 90 })
    assert.deepEqual(await samples('spent_dollars'), { '{bucket="a"}': 90.6 })
  }
})

test('what the origin did not answer costs nothing', async () => {
  const { metrics, samples } = stage()
  metrics.originRequests.cell('a', '', 'error').add(1000)
  metrics.originRequests.cell('a', '', '503').add(1000)
  assert.deepEqual(await samples('spent_dollars'), { '{bucket="a"}': 0.4 })
})

test('new prices hold for what comes after them', () => {
  const { metrics, savings } = stage()
  metrics.requestsAvoided.cell('a').add(1000)
  savings.usePrices({ per1000Requests: 0, perGb: 0 })
  assert.equal(savings.of('a').dollarsSaved, 0.4)
  metrics.requestsAvoided.cell('a').add(6000)
  savings.usePrices({ per1000Requests: 1, perGb: 0 })
  assert.equal(savings.of('a').dollarsSaved, 0.4)
  metrics.requestsAvoided.cell('a').add(1000)
  assert.equal(savings.of('a').dollarsSaved, 1.4)
})

test('dollars never become less, whatever the counts, the prices and the moments they change at', () => {
  const price = fc.double({ min: 0, max: 1000, noNaN: true })
  const step = fc.record({
    requests: fc.nat(1e6),
    bytes: fc.nat(1e9),
    prices: fc.option(fc.record({ per1000Requests: price, perGb: price }), { nil: undefined }),
  })
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const { metrics, savings } = stage()
      let before = 0
      for (const { requests, bytes, prices } of steps) {
        metrics.requestsAvoided.cell('a').add(requests)
        metrics.bytesAvoided.cell('a').add(bytes)
        if (prices !== undefined) savings.usePrices(prices)
        const { dollarsSaved } = savings.of('a')
        assert.ok(dollarsSaved >= before)
        before = dollarsSaved
      }
    }),
    { numRuns: 100 },
  )
})

test('statistics add up the savings of the buckets that are asked for, and of no other', () => {
  const { metrics, savings } = stage()
  for (const [bucket, requests] of [
    ['a', 1000],
    ['b', 2000],
    ['c', 4000],
  ] as const) {
    metrics.requestsAvoided.cell(bucket).add(requests)
    metrics.bytesAvoided.cell(bucket).add(requests * 1e6)
    metrics.originRequests.cell(bucket, '', '200').add(requests)
  }
  const { total, buckets } = new CacheStatsReader(metrics, savings, () => []).read(['a', 'b'])
  const { requestsAvoided, bytesAvoided, dollarsSaved, dollarsSpent } = total
  assert.deepEqual([requestsAvoided, bytesAvoided], [3000, 3e9])
  assert.ok(Math.abs(dollarsSaved - 271.2) < 1e-9 && Math.abs(dollarsSpent - 1.2) < 1e-9)
  assert.equal(buckets.get('b')?.dollarsSaved, 180.8)
})
