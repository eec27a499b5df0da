import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('with default_ttl_seconds: origin an answer lives a tenth of its age at most', async (t) => {
  const { proxy, origin, clock } = await startProxy(t, { cache: { memory: { default_ttl_seconds: 'origin' } } })
  origin.serve('a.txt', 'crow', { lastModified: 'Wed, 31 Dec 2025 23:50:00 GMT' })
  origin.serve('undated.txt', 'crow', { lastModified: null })

  await proxy.get('/b/a.txt')
  await proxy.get('/b/undated.txt')
  await clock.advance(59_000)
  const fresh = await proxy.get('/b/a.txt')
  const undated = await proxy.get('/b/undated.txt')
  await clock.advance(1_000)
  const expired = await proxy.get('/b/a.txt')

  assert.equal(fresh.header('x-cache'), 'HIT')
  assert.equal(undated.header('x-cache'), 'REVALIDATED')
  assert.equal(expired.header('x-cache'), 'REVALIDATED')
  assert.equal(origin.requests('a.txt').length, 2)
})
