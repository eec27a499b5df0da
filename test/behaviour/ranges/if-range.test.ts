import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'
import { assertPart, assertWhole, MiB, seed } from './rig.ts'

const size = 3 * MiB
const etag = '"v1"'
const lastModified = 'Wed, 01 Jan 2025 00:00:00 GMT'

const cases = [
  { ifRange: etag, applies: true },
  { ifRange: '"v2"', applies: false },
  { ifRange: `W/${etag}`, applies: false },
  { ifRange: lastModified, applies: true },
  { ifRange: 'Thu, 02 Jan 2025 00:00:00 GMT', applies: false },
  { ifRange: 'nonsense', applies: false },
]

test('If-Range of another version sends the whole of an object that may not be stored', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a', { size, seed }, { etag, headers: { 'cache-control': 'no-store' } })

  const headers = { range: `bytes=${MiB}-${MiB + 9}`, 'if-range': '"v0"' }
  assertWhole(await proxy.get('/b/a', { headers }), size)
  assert.equal(origin.requests('a').length, 1)
})

for (const { ifRange, applies } of cases) {
  test(`If-Range: ${ifRange} sends ${applies ? 'the range' : 'the whole'}, cold and cached`, async (t) => {
    const { proxy, origin } = await startProxy(t)
    origin.serve('a', { size, seed }, { etag, lastModified })
    const headers = { range: `bytes=${MiB}-${MiB + 9}`, 'if-range': ifRange }

    for (const _ of ['cold', 'cached']) {
      const answer = await proxy.get('/b/a', { headers })
      if (applies) assertPart(answer, MiB, MiB + 10, size)
      else assertWhole(answer, size)
    }
    // The origin never judges it.
    for (const request of origin.requests('a')) assert.equal(request.headers['if-range'], undefined)
  })
}
