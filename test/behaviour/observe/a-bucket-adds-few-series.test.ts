import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { request } from 'undici'
import { systemClock } from '../../../src/base/clock.ts'
import { makeFolder } from '../../support/disk-folders.ts'
import { askEverything, everyAnswerOrigin, everyFeatureBucket } from '../../support/every-answer.ts'
import { startProxyBefore } from '../../support/start-proxy.ts'
import { memoryAndDisk } from '../tiers/rig.ts'

/** Hits, misses, evictions, size and items: what a Redis tier would add here. */
const redisSeries = 5

test('a bucket that uses everything, and has seen everything, has less than 200 time series', async (t) => {
  const origin = everyAnswerOrigin().listen(0, '127.0.0.1')
  await once(origin, 'listening')
  t.after(() => {
    origin.close()
    origin.closeAllConnections()
  })
  const endpoint = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`
  const proxy = await startProxyBefore(t, endpoint, {
    clock: systemClock,
    cache: memoryAndDisk(await makeFolder(t)),
    server: { trusted_proxies: ['127.0.0.1'] },
    moreBuckets: [everyFeatureBucket('every', [endpoint, endpoint, endpoint])],
  })
  await askEverything('every', (path, asked) => proxy.open(path, asked))

  const exposition = await (await request(`${proxy.metrics}/metrics`)).body.text()
  const series = exposition.split('\n').filter((line) => line.includes('bucket="every"'))
  const valuesOf = (label: string) =>
    new Set(series.flatMap((line) => new RegExp(`\\b${label}="([^"]*)"`).exec(line)?.[1] ?? []))

  const statuses = ['200', '204', '206', '304', '401', '403', '404', '405', '412', '413', '416', '429', '502', '503']
  assert.deepEqual(
    statuses.filter((status) => !valuesOf('status').has(status)),
    [],
  )
  assert.deepEqual([...valuesOf('cache')].sort(), ['bypass', 'hit', 'miss', 'none', 'revalidated', 'stale'])
  assert.deepEqual([...valuesOf('layer')].sort(), ['disk', 'memory'])
  assert.ok(series.length + redisSeries < 200, `${series.length} series`)
})
