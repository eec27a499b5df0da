import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('a second GET is a hit, with the same bytes and the same origin headers', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a.txt', 'crow', { headers: { 'content-type': 'text/plain', 'x-amz-meta-colour': 'black' } })

  const first = await proxy.get('/b/a.txt')
  const second = await proxy.get('/b/a.txt')

  assert.equal(first.status, 200)
  assert.equal(first.text, 'crow')
  assert.equal(second.text, 'crow')
  assert.equal(first.header('x-cache'), 'MISS')
  assert.equal(second.header('x-cache'), 'HIT')
  assert.equal(second.header('age'), '0')
  for (const name of [
    'etag',
    'last-modified',
    'content-type',
    'x-amz-meta-colour',
    'date',
    'accept-ranges',
    'content-length',
  ]) {
    assert.equal(second.header(name), first.header(name), name)
    assert.notEqual(second.header(name), undefined, name)
  }
  assert.equal(origin.requests('a.txt').length, 1)
  assert.equal(await proxy.metric('yatagarasu_cache_hits_total', { bucket: 'b', layer: 'memory' }), 1)
  assert.equal(await proxy.metric('yatagarasu_origin_requests_total', { bucket: 'b' }), 1)
})
