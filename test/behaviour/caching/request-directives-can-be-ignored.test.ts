import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('with request_directives: ignore no client makes the proxy ask the origin', async (t) => {
  const { proxy, origin } = await startProxy(t, { cache: { request_directives: 'ignore' } })
  origin.serve('a.txt', 'crow')

  const cold = await proxy.get('/b/a.txt', { headers: { 'cache-control': 'only-if-cached, no-store' } })
  assert.equal(cold.text, 'crow')
  assert.equal(cold.header('x-cache'), 'MISS')
  for (const headers of [
    { 'cache-control': 'no-cache' },
    { 'cache-control': 'no-store' },
    { 'cache-control': 'max-age=0' },
    { 'cache-control': 'min-fresh=999999' },
    { pragma: 'no-cache' },
  ]) {
    const answer = await proxy.get('/b/a.txt', { headers })
    assert.equal(answer.header('x-cache'), 'HIT', JSON.stringify(headers))
  }
  assert.equal(origin.requests('a.txt').length, 1)
})
