import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'
import { expectedBytes } from '../../support/synthetic-bytes.ts'

const size = 1024 * 1024 + 1

for (const etag of ['W/"weak"', null]) {
  test(`an object larger than a slice with ETag ${etag} is served whole and not stored`, async (t) => {
    const { proxy, origin } = await startProxy(t)
    origin.serve('big', { size, seed: 1 }, { etag })

    const first = await proxy.get('/b/big')
    const second = await proxy.get('/b/big')

    for (const answer of [first, second]) {
      assert.ok(answer.body.equals(expectedBytes(1, 0, size)))
      assert.equal(answer.header('x-cache'), 'MISS')
      assert.equal(answer.header('content-length'), String(size))
    }
    assert.equal(origin.requests('big').length, 2)
    assert.equal(await proxy.metric('yatagarasu_cache_items', { bucket: 'b' }), 0)
  })
}
