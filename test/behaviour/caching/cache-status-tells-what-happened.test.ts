import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('Cache-Status names each outcome in the words of RFC 9211', async (t) => {
  const { proxy, origin, clock } = await startProxy(t, { bucket: { cache: { ttl_seconds: 60 } } })
  origin.serve('a.txt', 'crow')
  origin.serve('private.txt', 'crow', { headers: { 'cache-control': 'private' } })
  const status = async (path: string, directive?: string) => {
    const headers = directive === undefined ? {} : { 'cache-control': directive }
    return (await proxy.get(path, { headers })).header('cache-status')
  }

  assert.equal(await status('/b/a.txt'), 'yatagarasu; fwd=uri-miss; fwd-status=200; stored')
  assert.equal(await status('/b/a.txt'), 'yatagarasu; hit; ttl=60; detail=memory')
  assert.equal(await status('/b/a.txt', 'max-age=0'), 'yatagarasu; hit; ttl=60; detail=memory')
  assert.equal(await status('/b/a.txt', 'no-cache'), 'yatagarasu; fwd=request; fwd-status=304; stored')
  assert.equal(await status('/b/a.txt', 'no-store'), 'yatagarasu; fwd=bypass; fwd-status=200')
  assert.equal(await status('/b/private.txt'), 'yatagarasu; fwd=uri-miss; fwd-status=200')
  assert.equal(await status('/b/none.txt'), 'yatagarasu; fwd=uri-miss; fwd-status=404; stored')
  await clock.advance(61_000)
  assert.equal(await status('/b/a.txt', 'max-stale'), 'yatagarasu; hit; ttl=-1; detail=memory')
  assert.equal(await status('/b/a.txt'), 'yatagarasu; fwd=stale; fwd-status=304; stored')
})

test("an origin's own Cache-Status comes first", async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a.txt', 'crow', { headers: { 'cache-status': 'Inner; hit', 'x-cache': 'Hit from cloudfront' } })

  const answer = await proxy.get('/b/a.txt')

  assert.equal(answer.header('cache-status'), 'Inner; hit, yatagarasu; fwd=uri-miss; fwd-status=200; stored')
  assert.equal(answer.header('x-cache'), 'MISS')
})
