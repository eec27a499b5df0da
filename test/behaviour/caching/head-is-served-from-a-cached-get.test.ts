import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('a HEAD is answered from a cached GET, with the same fields and no body', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a.txt', 'crow', { headers: { 'content-encoding': 'identity', 'x-amz-meta-colour': 'black' } })

  const got = await proxy.get('/b/a.txt')
  const head = await proxy.get('/b/a.txt', { method: 'HEAD' })

  assert.equal(head.status, 200)
  assert.equal(head.body.length, 0)
  assert.equal(head.header('x-cache'), 'HIT')
  for (const name of [
    'content-length',
    'content-type',
    'etag',
    'last-modified',
    'x-amz-meta-colour',
    'accept-ranges',
  ]) {
    assert.equal(head.header(name), got.header(name), name)
    assert.notEqual(head.header(name), undefined, name)
  }
  assert.equal(origin.requests().length, 1)
})
