import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('however many readers find an object expired, the origin is asked once', async (t) => {
  const { proxy, origin, clock } = await startProxy(t, { bucket: { cache: { ttl_seconds: 60 } } })
  const object = origin.serve('a.txt', 'crow')

  await proxy.get('/b/a.txt')
  await clock.advance(61_000)
  const held = object.delayHead()
  const readers = Array.from({ length: 20 }, () => proxy.get('/b/a.txt'))
  await held.reached
  await proxy.untilActive(20)
  held.release()

  for (const answer of await Promise.all(readers)) {
    assert.equal(answer.text, 'crow')
    assert.equal(answer.header('x-cache'), 'REVALIDATED')
  }
  assert.equal(origin.requests('a.txt').length, 2)
  assert.equal(await proxy.metric('yatagarasu_cache_coalesced_requests_total', { bucket: 'b' }), 19)
})
