import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('with default_ttl_seconds: 0 an answer without freshness of its own never expires', async (t) => {
  const { proxy, origin, clock } = await startProxy(t, { cache: { memory: { default_ttl_seconds: 0 } } })
  origin.serve('a.txt', 'crow')
  origin.serve('dated.txt', 'crow', { headers: { 'cache-control': 'max-age=60' } })

  await proxy.get('/b/a.txt')
  await proxy.get('/b/dated.txt')
  await clock.advance(400 * 24 * 3600 * 1000)
  const hit = await proxy.get('/b/a.txt')
  const expired = await proxy.get('/b/dated.txt')

  assert.equal(hit.header('x-cache'), 'HIT')
  assert.equal(hit.header('age'), String(400 * 24 * 3600))
  assert.doesNotMatch(hit.header('cache-status') ?? '', /ttl=/)
  assert.equal(expired.header('x-cache'), 'REVALIDATED')
  assert.equal(origin.requests('a.txt').length, 1)
})
