import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeFolder } from '../../support/disk-folders.ts'
import { startProxy, startProxyBefore } from '../../support/start-proxy.ts'
import { expectedBytes } from '../../support/synthetic-bytes.ts'
import { MiB, memoryAndDisk } from './rig.ts'

test('after a restart objects small and large are served from the disk without S3', async (t) => {
  const cache = memoryAndDisk(await makeFolder(t))
  const { proxy, origin, clock } = await startProxy(t, { cache })
  origin.serve('small', 'crow')
  origin.serve('large', { size: 3 * MiB + 1, seed: 1 })
  for (const key of ['small', 'large']) await proxy.get(`/b/${key}`)
  await proxy.stop()
  const asked = origin.requests().length

  const restarted = await startProxyBefore(t, origin.endpoint, { cache, clock })
  const small = await restarted.get('/b/small')
  const large = await restarted.get('/b/large')

  assert.equal(small.text, 'crow')
  assert.match(small.header('cache-status') ?? '', /hit; .*detail=disk/)
  assert.ok(large.body.equals(expectedBytes(1, 0, 3 * MiB + 1)))
  assert.equal(large.header('x-cache'), 'HIT')
  assert.equal(origin.requests().length, asked)
  assert.equal(await restarted.metric('yatagarasu_cache_hits_total', { layer: 'disk' }), 6)
})

test('what has expired for good while the proxy was away is not kept', async (t) => {
  const cache = { ...memoryAndDisk(await makeFolder(t)), stale_if_error_seconds: 60 }
  const { proxy, origin, clock } = await startProxy(t, { cache, bucket: { cache: { ttl_seconds: 60 } } })
  origin.serve('a', 'crow')
  await proxy.get('/b/a')
  await proxy.stop()

  await clock.advance(119_000)
  const soon = await startProxyBefore(t, origin.endpoint, { cache, clock, bucket: { cache: { ttl_seconds: 60 } } })
  assert.equal(await soon.metric('yatagarasu_cache_items', { layer: 'disk' }), 1)
  await soon.stop()
  await clock.advance(2000)
  const late = await startProxyBefore(t, origin.endpoint, { cache, clock, bucket: { cache: { ttl_seconds: 60 } } })
  await late.untilMetric('yatagarasu_cache_evictions_total', { layer: 'disk', reason: 'expired' }, 1)
  assert.equal(await late.metric('yatagarasu_cache_items', { layer: 'disk' }), 0)
})
