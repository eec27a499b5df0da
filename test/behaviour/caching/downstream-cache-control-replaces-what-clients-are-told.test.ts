import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('downstream_cache_control tells clients something else than this cache is told', async (t) => {
  const { proxy, origin } = await startProxy(t, {
    bucket: { cache: { downstream_cache_control: 'public, max-age=5' } },
  })
  const headers = {
    'cache-control': 'max-age=600',
    expires: 'Thu, 01 Jan 2026 01:00:00 GMT',
    'cdn-cache-control': 'max-age=9',
  }
  origin.serve('a.txt', 'crow', { headers })

  const miss = await proxy.get('/b/a.txt')
  const hit = await proxy.get('/b/a.txt')

  for (const answer of [miss, hit]) {
    assert.equal(answer.header('cache-control'), 'public, max-age=5')
    assert.equal(answer.header('expires'), undefined)
    assert.equal(answer.header('cdn-cache-control'), undefined)
  }
  assert.equal(hit.header('x-cache'), 'HIT')
})
