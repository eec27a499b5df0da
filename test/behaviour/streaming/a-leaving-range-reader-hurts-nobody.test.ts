import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'
import { assertBytes, MiB, until } from './rig.ts'

const size = 4 * MiB
const answers = { 'that is cached': {}, 'that may not be stored': { 'cache-control': 'no-store' } }

for (const [kind, headers] of Object.entries(answers)) {
  test(`who waits behind a range of an object ${kind} gets the whole when the range's reader leaves`, async (t) => {
    const { proxy, origin } = await startProxy(t)
    const head = origin.serve('film', { size, seed: 1 }, { headers }).delayHead()
    const leaver = new AbortController()

    const first = proxy.open('/b/film', { headers: { range: `bytes=${2 * MiB}-` }, signal: leaver.signal })
    await head.reached
    const second = proxy.get('/b/film')
    await until(async () => (await proxy.metric('yatagarasu_active_requests')) === 2)
    leaver.abort()
    await assert.rejects(first)
    await until(async () => (await proxy.metric('yatagarasu_active_requests')) === 1)
    head.release()

    assert.equal((await second).status, 200)
    assertBytes((await second).body, 1, 0, size)
  })
}
