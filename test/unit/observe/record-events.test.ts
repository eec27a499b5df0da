import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import type { TierUsage } from '../../../src/cache/tier.ts'
import { createLogger } from '../../../src/observe/logger.ts'
import { createMetrics } from '../../../src/observe/metrics.ts'
import { originEvents, tierEvents, watchUsage } from '../../../src/observe/record-events.ts'
import { samplesIn, samplesOf } from './samples.ts'

function stage() {
  const metrics = createMetrics({ version: '0', node: '0' })
  const lines: Record<string, unknown>[] = []
  const { logger } = createLogger({ level: 'info', format: 'json' }, systemClock, {
    write: (line) => lines.push(JSON.parse(line)),
  })
  const samples = async (name: string) => samplesOf(await metrics.registry.metrics(), `yatagarasu_${name}`)
  return { metrics, logger, lines, samples }
}

test('hits and misses of records are counted by bucket and tier', async () => {
  const { metrics, logger, lines, samples } = stage()
  const events = tierEvents(metrics, logger)
  events.hit('memory', 'a')
  events.hit('memory', 'a')
  events.hit('disk', 'a')
  events.missed('memory', 'a')
  events.missed('memory', 'b')

  assert.deepEqual(await samples('cache_hits_total'), {
    '{bucket="a",layer="memory"}': 2,
    '{bucket="a",layer="disk"}': 1,
  })
  assert.deepEqual(await samples('cache_misses_total'), {
    '{bucket="a",layer="memory"}': 1,
    '{bucket="b",layer="memory"}': 1,
  })
  assert.deepEqual(lines, [])
})

test('evictions are counted with their reason', async () => {
  const { metrics, logger, samples } = stage()
  const events = tierEvents(metrics, logger)
  events.evicted('memory', 'a', 'size')
  events.evicted('memory', 'a', 'size')
  assert.deepEqual(await samples('cache_evictions_total'), { '{bucket="a",layer="memory",reason="size"}': 2 })
})

test('a failing tier is counted by operation and warned about', async () => {
  const { metrics, logger, lines, samples } = stage()
  tierEvents(metrics, logger).failed('disk', 'put', new Error('no space left'))

  assert.deepEqual(await samples('cache_errors_total'), { '{layer="disk",operation="put"}': 1 })
  const [{ level, layer, operation, msg, err } = {}, ...more] = lines
  assert.deepEqual(more, [])
  assert.deepEqual(
    { level, layer, operation, msg },
    { level: 40, layer: 'disk', operation: 'put', msg: 'cache tier failed' },
  )
  assert.equal((err as { message: string }).message, 'no space left')
})

test('sizes and items are read from the tiers at each scrape', async () => {
  const { metrics, samples } = stage()
  const buckets = new Map([['a', { items: 2, bytes: 300 }]])
  const usage: TierUsage = { items: 2, bytes: 300, maxBytes: 1000, buckets }
  watchUsage(metrics, () => [['memory', usage]])

  assert.deepEqual(await samples('cache_size_bytes'), { '{bucket="a",layer="memory"}': 300 })
  assert.deepEqual(await samples('cache_items'), { '{bucket="a",layer="memory"}': 2 })
  buckets.set('a', { items: 0, bytes: 0 })
  buckets.set('b', { items: 1, bytes: 7 })
  assert.deepEqual(await samples('cache_size_bytes'), {
    '{bucket="a",layer="memory"}': 0,
    '{bucket="b",layer="memory"}': 7,
  })
  assert.deepEqual(await samples('cache_items'), { '{bucket="a",layer="memory"}': 0, '{bucket="b",layer="memory"}': 1 })
})

test('origin exchanges are counted by status, those without an answer as error, and timed in seconds', async () => {
  const { metrics, samples } = stage()
  const events = originEvents(metrics)
  events.answered('a', '', 200, 20)
  events.answered('a', '', 200, 40)
  events.answered('a', '', 503, 5)
  events.answered('b', '', 'error', 1000)

  assert.deepEqual(await samples('origin_requests_total'), {
    '{bucket="a",replica="",status="200"}': 2,
    '{bucket="a",replica="",status="503"}': 1,
    '{bucket="b",replica="",status="error"}': 1,
  })
  assert.deepEqual(await samples('origin_request_duration_seconds_count'), { '{bucket="a"}': 3, '{bucket="b"}': 1 })
  assert.deepEqual(await samples('origin_request_duration_seconds_sum'), { '{bucket="a"}': 0.065, '{bucket="b"}': 1 })
})

test('origin bytes, retries and waits for a connection are counted', async () => {
  const { metrics, samples } = stage()
  const events = originEvents(metrics)
  events.received('a', 1000)
  events.received('a', 24)
  events.retried('a', 'failure')
  events.retried('a', 'success')
  events.waited('a', 50)

  assert.deepEqual(await samples('origin_bytes_total'), { '{bucket="a"}': 1024 })
  assert.deepEqual(await samples('origin_retries_total'), {
    '{bucket="a",outcome="failure"}': 1,
    '{bucket="a",outcome="success"}': 1,
  })
  const waits = samplesIn(await metrics.registry.metrics())
  assert.equal(waits.get('yatagarasu_origin_pool_wait_seconds_bucket{bucket="a",le="0.01"}'), 0)
  assert.equal(waits.get('yatagarasu_origin_pool_wait_seconds_bucket{bucket="a",le="0.1"}'), 1)
})
