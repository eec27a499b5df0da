import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy, startProxyBefore } from '../../support/start-proxy.ts'

test("a bucket's ttl_seconds counts before the general one, and buckets share nothing", async (t) => {
  const { origin, clock } = await startProxy(t)
  const s3 = { bucket: 'bucket', region: 'r', endpoint: origin.endpoint, anonymous: true }
  const proxy = await startProxyBefore(t, origin.endpoint, {
    clock,
    cache: { memory: { default_ttl_seconds: 600 } },
    bucket: { cache: { ttl_seconds: 60 } },
    moreBuckets: [{ name: 'c', path_prefix: '/c', s3 }],
  })
  origin.serve('a.txt', 'crow')

  await proxy.get('/b/a.txt')
  const inOther = await proxy.get('/c/a.txt')
  await clock.advance(61_000)
  const expired = await proxy.get('/b/a.txt')
  const fresh = await proxy.get('/c/a.txt')

  assert.equal(inOther.header('x-cache'), 'MISS')
  assert.equal(expired.header('x-cache'), 'REVALIDATED')
  assert.equal(fresh.header('x-cache'), 'HIT')
  assert.equal(origin.requests('a.txt').length, 3)
})
