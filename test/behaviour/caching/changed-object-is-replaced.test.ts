import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('an object that changed is fetched in the same request that asked, and replaces the stored one', async (t) => {
  const { proxy, origin, clock } = await startProxy(t, { bucket: { cache: { ttl_seconds: 60 } } })
  const object = origin.serve('a.txt', 'crow')

  await proxy.get('/b/a.txt')
  object.replace('raven')
  const stillFresh = await proxy.get('/b/a.txt')
  await clock.advance(61_000)
  const changed = await proxy.get('/b/a.txt')
  const hit = await proxy.get('/b/a.txt')

  assert.equal(stillFresh.text, 'crow')
  assert.equal(changed.text, 'raven')
  assert.equal(changed.header('x-cache'), 'MISS')
  assert.equal(changed.header('etag'), object.current.etag)
  assert.equal(hit.text, 'raven')
  assert.equal(hit.header('x-cache'), 'HIT')
  assert.equal(origin.requests('a.txt').length, 2)
  assert.equal(await proxy.metric('yatagarasu_cache_items', { bucket: 'b', layer: 'memory' }), 1)
})

test('an object that is gone when it is confirmed is a 404 and is forgotten', async (t) => {
  const { proxy, origin, clock } = await startProxy(t, { bucket: { cache: { ttl_seconds: 60 } } })
  origin.serve('a.txt', 'crow')

  await proxy.get('/b/a.txt')
  origin.remove('a.txt')
  await clock.advance(61_000)
  const gone = await proxy.get('/b/a.txt')
  const goneStill = await proxy.get('/b/a.txt')

  assert.equal(gone.status, 404)
  assert.equal(goneStill.status, 404)
  assert.equal(goneStill.header('x-cache'), 'HIT')
  assert.equal(origin.requests('a.txt').length, 2)
})
