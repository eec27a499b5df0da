import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import { type FakeOrigin, startFakeOrigin } from '../../support/fake-origin.ts'
import { startOwnRedis } from '../../support/redis-server.ts'
import { type ProxyUnderTest, startProxyBefore } from '../../support/start-proxy.ts'
import { expectedBytes } from '../../support/synthetic-bytes.ts'
import { MiB, onRedis } from './rig.ts'

test('a second proxy serves what the first has cached, small and large, without asking S3', async (t) => {
  const { url } = await startOwnRedis(t)
  const settings = { cache: onRedis(url), clock: systemClock }
  const origin = await startFakeOrigin(t, { clock: systemClock })
  const proxy = await startProxyBefore(t, origin.endpoint, settings)
  const other = await startProxyBefore(t, origin.endpoint, settings)
  origin.serve('small', 'crow')
  origin.serve('large', { size: 3 * MiB, seed: 1 })
  await untilInUse(origin, proxy, other)
  const written = await proxy.metric('yatagarasu_cache_set_duration_seconds_count', { layer: 'redis' })
  for (const key of ['small', 'large']) await proxy.get(`/b/${key}`)
  await proxy.untilWritten('redis', written + 5)
  const hits = await other.metric('yatagarasu_cache_hits_total', { layer: 'redis' })
  const asked = origin.requests().length

  const small = await other.get('/b/small')
  const large = await other.get('/b/large')

  assert.equal(small.text, 'crow')
  assert.match(small.header('cache-status') ?? '', /detail=redis/)
  assert.ok(large.body.equals(expectedBytes(1, 0, 3 * MiB)))
  assert.equal(origin.requests().length, asked)
  assert.equal(await other.metric('yatagarasu_cache_hits_total', { layer: 'redis' }), hits + 5)
})

test('what one proxy forgets is gone from the Redis of the other', async (t) => {
  const { url } = await startOwnRedis(t)
  const settings = { cache: onRedis(url), clock: systemClock }
  const origin = await startFakeOrigin(t, { clock: systemClock })
  const proxy = await startProxyBefore(t, origin.endpoint, settings)
  const other = await startProxyBefore(t, origin.endpoint, settings)
  origin.serve('a', 'crow')
  await untilInUse(origin, proxy, other)
  await proxy.get('/b/a')
  assert.equal((await other.get('/b/a')).header('x-cache'), 'HIT')

  origin.remove('a')
  const denied = await proxy.get('/b/a', { headers: { 'cache-control': 'no-cache' } })
  const seen = await other.get('/b/a')

  assert.deepEqual([denied.status, seen.status], [404, 404])
})

/** A proxy serves before Redis is there: waits until each has read from it. */
async function untilInUse(origin: FakeOrigin, ...proxies: readonly ProxyUnderTest[]): Promise<void> {
  origin.serve('first', 'x')
  for (const proxy of proxies) {
    while ((await proxy.metric('yatagarasu_cache_hits_total', { layer: 'redis' })) === 0) await proxy.get('/b/first')
  }
}
