import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'
import { assertPart, assertWhole, MiB, seed } from './rig.ts'

const size = 3 * MiB + 1
const borders = [
  { start: 0, end: 1, slices: 1 },
  { start: MiB - 1, end: MiB, slices: 1 },
  { start: MiB, end: MiB + 1, slices: 1 },
  { start: MiB - 1, end: MiB + 1, slices: 2 },
  { start: MiB, end: 2 * MiB, slices: 1 },
  { start: 3 * MiB - 1, end: size, slices: 2 },
  { start: 3 * MiB, end: size, slices: 1 },
]

for (const { start, end, slices } of borders) {
  test(`bytes ${start} to ${end} of a cold object are exact and cost ${slices} slices`, async (t) => {
    const { proxy, origin } = await startProxy(t)
    origin.serve('a', { size, seed })

    assertPart(await proxy.get('/b/a', { headers: { range: `bytes=${start}-${end - 1}` } }), start, end, size)

    assert.equal(origin.requests('a').length, 1)
    assert.equal(await proxy.metric('yatagarasu_cache_items', { layer: 'memory' }), slices + 1)
  })
}

for (const [name, exact] of Object.entries({ 'exactly one slice': MiB, 'one slice and a byte': MiB + 1 })) {
  test(`an object of ${name} is served whole and in parts`, async (t) => {
    const { proxy, origin } = await startProxy(t)
    origin.serve('a', { size: exact, seed })

    for (const status of ['MISS', 'HIT']) {
      const whole = await proxy.get('/b/a')
      assertWhole(whole, exact)
      assert.equal(whole.header('x-cache'), status)
    }
    assertPart(await proxy.get('/b/a', { headers: { range: 'bytes=-1' } }), exact - 1, exact, exact)
    assert.equal(origin.requests('a').length, 1)
    assert.equal(origin.bytesSent('a'), exact)
  })
}
