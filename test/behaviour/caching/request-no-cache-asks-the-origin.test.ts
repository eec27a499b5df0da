import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

for (const headers of [{ 'cache-control': 'no-cache' }, { pragma: 'no-cache' }]) {
  test(`a request with ${Object.keys(headers)}: no-cache is confirmed with the origin`, async (t) => {
    const { proxy, origin } = await startProxy(t)
    origin.serve('a.txt', 'crow')

    await proxy.get('/b/a.txt')
    const confirmed = await proxy.get('/b/a.txt', { headers })
    const hit = await proxy.get('/b/a.txt')

    assert.equal(confirmed.text, 'crow')
    assert.equal(confirmed.header('x-cache'), 'REVALIDATED')
    assert.equal(confirmed.header('cache-status'), 'yatagarasu; fwd=request; fwd-status=304; stored')
    assert.equal(hit.header('x-cache'), 'HIT')
    assert.equal(origin.requests('a.txt').length, 2)
    assert.equal(origin.bytesSent('a.txt'), 4)
  })
}
