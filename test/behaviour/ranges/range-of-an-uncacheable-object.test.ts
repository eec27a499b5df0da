import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'
import { assertPart, MiB, seed } from './rig.ts'

const size = 4 * MiB

test('a range of an object past the cache costs the origin just its bytes', async (t) => {
  const { proxy, origin } = await startProxy(t, { bucket: { cache: { enabled: false } } })
  origin.serve('a', { size, seed })

  const answer = await proxy.get('/b/a', { headers: { range: 'bytes=1500000-1500009' } })

  assertPart(answer, 1_500_000, 1_500_010, size)
  assert.equal(answer.header('x-cache'), undefined)
  assert.equal(origin.bytesSent('a'), 10)
})

for (const range of ['bytes=1500000-1500009', `bytes=-${size - 1_500_000}`]) {
  test(`${range} of an object that may not be stored is that range`, async (t) => {
    const { proxy, origin } = await startProxy(t)
    origin.serve('a', { size, seed }, { headers: { 'cache-control': 'no-store' } })
    const end = range.includes('=-') ? size : 1_500_010

    for (const _ of ['first', 'second']) {
      assertPart(await proxy.get('/b/a', { headers: { range } }), 1_500_000, end, size)
    }
    assert.equal(origin.requests('a').length, 2)
    assert.equal(await proxy.metric('yatagarasu_cache_items', { layer: 'memory' }), 0)
  })
}
