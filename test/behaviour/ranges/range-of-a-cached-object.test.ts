import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'
import { assertPart, MiB, seed } from './rig.ts'

for (const size of [1000, 3 * MiB]) {
  test(`a range of a cached object of ${size} bytes costs the origin nothing`, async (t) => {
    const { proxy, origin } = await startProxy(t)
    origin.serve('a', { size, seed })
    const whole = await proxy.get('/b/a')

    const part = await proxy.get('/b/a', { headers: { range: `bytes=10-${size - 11}` } })

    assertPart(part, 10, size - 10, size)
    assert.equal(part.header('x-cache'), 'HIT')
    assert.equal(part.header('etag'), whole.header('etag'))
    assert.equal(part.header('content-type'), whole.header('content-type'))
    assert.equal(origin.requests('a').length, 1)
    assert.equal(await proxy.metric('yatagarasu_http_requests_total', { bucket: 'b', status: '206' }), 1)
  })
}
