import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('readers of an object known to be uncacheable all ask the origin at once', async (t) => {
  const { proxy, origin } = await startProxy(t)
  const object = origin.serve('a.txt', 'crow', { headers: { 'cache-control': 'no-store' } })

  await proxy.get('/b/a.txt')
  const held = object.delayHead()
  const readers = Array.from({ length: 8 }, () => proxy.get('/b/a.txt'))
  await origin.arrival('a.txt', 9) // would hang if one waited for another
  held.release()

  for (const answer of await Promise.all(readers)) assert.equal(answer.text, 'crow')
  assert.equal(origin.requests('a.txt').length, 9)
  assert.equal(await proxy.metric('yatagarasu_cache_coalesced_requests_total'), 0)
})

test('readers who waited for an answer that turns out uncacheable then ask all at once', async (t) => {
  const { proxy, origin } = await startProxy(t)
  const object = origin.serve('a.txt', 'crow', { headers: { 'cache-control': 'private' } })
  const first = object.delayHead()

  const readers = Array.from({ length: 8 }, () => proxy.get('/b/a.txt'))
  await first.reached
  await proxy.untilActive(8)
  const rest = object.holdAt(2)
  first.release()
  await origin.arrival('a.txt', 8) // while the first body is still under way
  rest.release()

  for (const answer of await Promise.all(readers)) assert.equal(answer.text, 'crow')
  assert.equal(origin.requests('a.txt').length, 8)
})
