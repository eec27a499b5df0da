import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import type { TierUsage } from '../../../src/cache/tier.ts'
import { createLogger } from '../../../src/observe/logger.ts'
import { createMetrics } from '../../../src/observe/metrics.ts'
import { originEvents, tierEvents, watchUsage } from '../../../src/observe/record-events.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { samplesIn, samplesOf } from './samples.ts'

function stage() {
  const metrics = createMetrics({ version: '0', node: '0' })
  const lines: Record<string, unknown>[] = []
  const { logger } = createLogger({ level: 'info', format: 'json' }, systemClock, {
    write: (line) => lines.push(JSON.parse(line)),
  })
  const samples = async (name: string) => samplesOf(await metrics.registry.metrics(), `yatagarasu_${name}`)
  const clock = new FakeClock()
  const events = tierEvents(metrics, logger, clock)
  return { metrics, logger, events, clock, lines, samples }
}

test('hits and misses of records are counted by bucket and tier', async () => {
  const { events, lines, samples } = stage()
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
  const { events, samples } = stage()
  events.evicted('memory', 'a', 'size')
  events.evicted('memory', 'a', 'size')
  assert.deepEqual(await samples('cache_evictions_total'), { '{bucket="a",layer="memory",reason="size"}': 2 })
})

const wordsOf = (lines: readonly Record<string, unknown>[]) =>
  lines.map(({ level, layer, operation, msg }) => `${level} ${layer} ${operation} ${msg}`)

test('a failing tier is counted each time, and warned about once', async () => {
  const { events, lines, samples } = stage()
  for (let time = 0; time < 3; time++) events.failed('disk', 'put', new Error('no space left'))
  events.failed('disk', 'get', new Error('no such device'))

  assert.deepEqual(await samples('cache_errors_total'), {
    '{layer="disk",operation="put"}': 3,
    '{layer="disk",operation="get"}': 1,
  })
  assert.deepEqual(wordsOf(lines), ['40 disk put cache tier fails', '40 disk get cache tier fails'])
  const [{ err } = {}] = lines
  assert.equal((err as { message: string }).message, 'no space left')
})

test('a tier that has not failed for ten seconds works again, each operation by itself, and may fail anew', async () => {
  const { events, lines, clock } = stage()
  events.failed('disk', 'put', new Error('full'))
  await clock.advance(9999)
  events.worked('disk', 'put', 1)
  events.worked('disk', 'get', 1)
  assert.equal(lines.length, 1)
  await clock.advance(1)
  events.worked('disk', 'put', 1)
  events.worked('disk', 'put', 1)
  events.failed('disk', 'put', new Error('full'))
  assert.deepEqual(wordsOf(lines).slice(1), ['30 disk put cache tier works again', '40 disk put cache tier fails'])
})

test('a tier that cannot keep up is warned about once, until it has for ten seconds', async () => {
  const { events, lines, clock } = stage()
  for (let time = 0; time < 3; time++) events.dropped('disk', 'queue full')
  events.dropped('redis', 'queue full')
  await clock.advance(9999)
  events.worked('disk', 'put', 1)
  await clock.advance(1)
  events.worked('disk', 'get', 1)
  assert.equal(lines.length, 2)
  for (let time = 0; time < 2; time++) events.worked('disk', 'put', 1)
  events.dropped('disk', 'queue full')
  assert.deepEqual(
    lines.map(({ level, layer, msg }) => `${level} ${layer} ${msg}`),
    [
      '40 disk cache tier cannot keep up',
      '40 redis cache tier cannot keep up',
      '30 disk cache tier keeps up again',
      '40 disk cache tier cannot keep up',
    ],
  )
})

test('what a tier took is timed in seconds, dropped writes are counted, and a breaker is told of when it opens and closes', async () => {
  const { events, lines, samples } = stage()
  events.worked('disk', 'get', 3)
  events.worked('redis', 'put', 20)
  events.worked('redis', 'remove', 5)
  for (let time = 0; time < 2; time++) events.dropped('redis', 'not writing')
  for (const state of ['open', 'half-open', 'closed'] as const) events.breakerChanged('redis', 'get', state)

  assert.deepEqual(await samples('cache_get_duration_seconds_sum'), { '{layer="disk"}': 0.003 })
  assert.deepEqual(await samples('cache_set_duration_seconds_sum'), { '{layer="redis"}': 0.02 })
  assert.deepEqual(await samples('cache_set_duration_seconds_count'), { '{layer="redis"}': 1 })
  assert.deepEqual(await samples('cache_writes_dropped_total'), { '{layer="redis"}': 2 })
  assert.deepEqual(wordsOf(lines), [
    '40 redis get cache tier is left alone for a while',
    '30 redis get cache tier is used again',
  ])
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
  const { metrics, logger, samples } = stage()
  const events = originEvents(metrics, logger)
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

test('origin bytes, timeouts, retries and waits for a connection are counted', async () => {
  const { metrics, logger, samples } = stage()
  const events = originEvents(metrics, logger)
  events.received('a', 1000)
  events.received('a', 24)
  events.timedOut('a', 'connect')
  events.timedOut('a', 'idle')
  events.timedOut('a', 'idle')
  events.retried('a', 'failure')
  events.retried('a', 'success')
  events.waited('a', 50)

  assert.deepEqual(await samples('origin_bytes_total'), { '{bucket="a"}': 1024 })
  assert.deepEqual(await samples('origin_timeouts_total'), {
    '{bucket="a",kind="connect"}': 1,
    '{bucket="a",kind="idle"}': 2,
  })
  assert.deepEqual(await samples('origin_retries_total'), {
    '{bucket="a",outcome="failure"}': 1,
    '{bucket="a",outcome="success"}': 1,
  })
  const waits = samplesIn(await metrics.registry.metrics())
  assert.equal(waits.get('yatagarasu_origin_pool_wait_seconds_bucket{bucket="a",le="0.01"}'), 0)
  assert.equal(waits.get('yatagarasu_origin_pool_wait_seconds_bucket{bucket="a",le="0.1"}'), 1)
})

test('failovers are counted; a breaker has a state for each replica, and a line for each change that lasts', async () => {
  const { metrics, logger, lines, samples } = stage()
  const events = originEvents(metrics, logger)
  events.failedOver('a')
  for (const state of ['open', 'half-open', 'closed', 'open'] as const) events.breakerChanged('a', 'primary', state)
  events.breakerChanged('b', '', 'half-open')

  assert.deepEqual(await samples('origin_failovers_total'), { '{bucket="a"}': 1 })
  assert.deepEqual(await samples('circuit_breaker_state'), {
    '{bucket="a",replica="primary"}': 1,
    '{bucket="b",replica=""}': 2,
  })
  assert.deepEqual(
    lines.map(({ level, bucket, replica }) => [level, bucket, replica]),
    [
      [40, 'a', 'primary'],
      [30, 'a', 'primary'],
      [40, 'a', 'primary'],
    ],
  )
})
