import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('an empty object is cached like any other', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('empty', '')

  const miss = await proxy.get('/b/empty')
  const hit = await proxy.get('/b/empty')

  for (const answer of [miss, hit]) {
    assert.equal(answer.status, 200)
    assert.equal(answer.body.length, 0)
    assert.equal(answer.header('content-length'), '0')
  }
  assert.equal(hit.header('x-cache'), 'HIT')
  assert.equal(origin.requests('empty').length, 1)
})
