import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'
import { assertBytes, MiB, until } from './rig.ts'

const sizes = { small: MiB / 2, large: 4 * MiB }

for (const [kind, size] of Object.entries(sizes)) {
  test(`the first reader of a ${kind} object leaves midway, and the second gets all of it by the same request`, async (t) => {
    const { proxy, origin } = await startProxy(t)
    const hold = origin.serve('film', { size, seed: 1 }).holdAt(size / 2)
    const leaver = new AbortController()

    const first = proxy.get('/b/film', { signal: leaver.signal })
    await hold.reached
    const second = await proxy.open('/b/film')
    leaver.abort()
    await assert.rejects(first)
    await until(async () => (await proxy.metric('yatagarasu_active_requests')) === 1)
    hold.release()

    assertBytes(Buffer.from(await second.body.arrayBuffer()), 1, 0, size)
    assert.equal(origin.requests('film').length, 1)
    assert.equal(origin.bytesSent('film'), size)
  })
}
