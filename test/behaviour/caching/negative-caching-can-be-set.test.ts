import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('negative_ttl_seconds: 0 asks the origin for a missing object every time', async (t) => {
  const { proxy, origin } = await startProxy(t, { cache: { negative_ttl_seconds: 0 } })

  const first = await proxy.get('/b/a.txt')
  const second = await proxy.get('/b/a.txt')

  assert.deepEqual([first.status, second.status], [404, 404])
  assert.equal(second.header('x-cache'), 'MISS')
  assert.equal(origin.requests('a.txt').length, 2)
  assert.equal(await proxy.metric('yatagarasu_cache_items', { bucket: 'b' }), 0)
})

test("a bucket's own negative_ttl_seconds counts before the general one", async (t) => {
  const settings = { cache: { negative_ttl_seconds: 0 }, bucket: { cache: { negative_ttl_seconds: 60 } } }
  const { proxy, origin, clock } = await startProxy(t, settings)

  await proxy.get('/b/a.txt')
  await clock.advance(59_000)
  const remembered = await proxy.get('/b/a.txt')
  await clock.advance(1_000)
  const asked = await proxy.get('/b/a.txt')

  assert.equal(remembered.header('x-cache'), 'HIT')
  assert.equal(asked.header('x-cache'), 'MISS')
  assert.equal(origin.requests('a.txt').length, 2)
})
