import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

const onlyIfCached = { headers: { 'cache-control': 'only-if-cached' } }

test('a request with only-if-cached is a hit or a 504', async (t) => {
  const { proxy, origin, clock } = await startProxy(t, { bucket: { cache: { ttl_seconds: 60 } } })
  origin.serve('a.txt', 'crow')

  const cold = await proxy.get('/b/a.txt', onlyIfCached)
  await proxy.get('/b/a.txt')
  const hit = await proxy.get('/b/a.txt', onlyIfCached)
  await clock.advance(61_000)
  const expired = await proxy.get('/b/a.txt', onlyIfCached)

  assert.equal(cold.status, 504)
  assert.equal(JSON.parse(cold.text).error.code, 'NotCached')
  assert.equal(hit.text, 'crow')
  assert.equal(hit.header('x-cache'), 'HIT')
  assert.equal(expired.status, 504)
  assert.equal(origin.requests('a.txt').length, 1)
})

test('with max-stale it takes what has expired', async (t) => {
  const { proxy, origin, clock } = await startProxy(t, { bucket: { cache: { ttl_seconds: 60 } } })
  origin.serve('a.txt', 'crow')

  await proxy.get('/b/a.txt')
  await clock.advance(61_000)
  const stale = await proxy.get('/b/a.txt', { headers: { 'cache-control': 'only-if-cached, max-stale' } })

  assert.equal(stale.text, 'crow')
  assert.equal(stale.header('x-cache'), 'STALE')
  assert.equal(origin.requests('a.txt').length, 1)
})
