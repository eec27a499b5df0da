import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('CDN-Cache-Control decides instead of Cache-Control and Expires, and is passed on', async (t) => {
  const { proxy, origin, clock } = await startProxy(t)
  origin.serve('kept.txt', 'crow', { headers: { 'cdn-cache-control': 'max-age=60', 'cache-control': 'no-store' } })
  origin.serve('private.txt', 'crow', { headers: { 'cdn-cache-control': 'no-store', 'cache-control': 'max-age=60' } })

  const miss = await proxy.get('/b/kept.txt')
  await proxy.get('/b/private.txt')
  const hit = await proxy.get('/b/kept.txt')
  const again = await proxy.get('/b/private.txt')
  await clock.advance(61_000)
  const expired = await proxy.get('/b/kept.txt')

  assert.equal(hit.header('x-cache'), 'HIT')
  assert.equal(hit.header('cache-control'), 'no-store')
  assert.equal(hit.header('cdn-cache-control'), miss.header('cdn-cache-control'))
  assert.equal(again.header('x-cache'), 'MISS')
  assert.equal(expired.header('x-cache'), 'REVALIDATED')
})

test('a CDN-Cache-Control that does not parse is as good as none', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a.txt', 'crow', { headers: { 'cdn-cache-control': 'max-age=,;', 'cache-control': 'no-store' } })

  await proxy.get('/b/a.txt')
  const second = await proxy.get('/b/a.txt')

  assert.equal(second.header('x-cache'), 'MISS')
  assert.equal(origin.requests('a.txt').length, 2)
})
