import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('a request with no-store is answered by the origin, and nothing of it is kept', async (t) => {
  const { proxy, origin } = await startProxy(t)
  const object = origin.serve('a.txt', 'crow')
  const noStore = { headers: { 'cache-control': 'no-store' } }

  const bypassed = await proxy.get('/b/a.txt', noStore)
  const miss = await proxy.get('/b/a.txt')
  object.replace('raven')
  const bypassedAgain = await proxy.get('/b/a.txt', noStore)
  const hit = await proxy.get('/b/a.txt')

  assert.equal(bypassed.text, 'crow')
  assert.equal(bypassed.header('x-cache'), 'BYPASS')
  assert.equal(bypassed.header('cache-status'), 'yatagarasu; fwd=bypass; fwd-status=200')
  assert.equal(miss.header('x-cache'), 'MISS')
  assert.equal(bypassedAgain.text, 'raven')
  assert.equal(hit.text, 'crow')
  assert.equal(hit.header('x-cache'), 'HIT')
  assert.equal(origin.requests('a.txt').length, 3)
})
