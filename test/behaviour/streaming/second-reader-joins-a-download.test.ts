import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'
import { assertBytes, MiB } from './rig.ts'

const sizes = { 'of several slices': 3 * MiB, 'of one slice': MiB / 2 }

for (const [kind, size] of Object.entries(sizes)) {
  test(`a second reader joins a download in progress of an object ${kind}`, async (t) => {
    const { proxy, origin } = await startProxy(t)
    const hold = origin.serve('film', { size, seed: 1 }).holdAt(size / 2)

    const first = proxy.get('/b/film')
    await hold.reached
    const second = await proxy.open('/b/film')
    assert.equal(second.statusCode, 200)
    hold.release()

    assertBytes((await first).body, 1, 0, size)
    assertBytes(Buffer.from(await second.body.arrayBuffer()), 1, 0, size)
    assert.equal(origin.requests('film').length, 1)
    assert.equal(origin.bytesSent('film'), size)
    assert.equal(await proxy.metric('yatagarasu_cache_coalesced_requests_total', { bucket: 'b' }), 1)
  })
}
