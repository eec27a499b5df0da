import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'
import { assertPart, MiB, seed } from './rig.ts'

const size = 8 * MiB

test('a range of a cold object fetches and caches the slices it touches, and no byte more', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a', { size, seed })
  const [start, end] = [2.5 * MiB, 4.25 * MiB]

  const first = await proxy.get('/b/a', { headers: { range: `bytes=${start}-${end - 1}` } })
  assertPart(first, start, end, size)
  assert.equal(first.header('x-cache'), 'MISS')
  assert.deepEqual(
    origin.requests('a').map((request) => request.range),
    [`bytes=${2 * MiB}-${5 * MiB - 1}`],
  )
  assert.equal(await proxy.metric('yatagarasu_origin_bytes_total', { bucket: 'b' }), 3 * MiB)
  // The head and three slices.
  assert.equal(await proxy.metric('yatagarasu_cache_items', { bucket: 'b', layer: 'memory' }), 4)

  const again = await proxy.get('/b/a', { headers: { range: `bytes=${2 * MiB}-${5 * MiB - 1}` } })
  assertPart(again, 2 * MiB, 5 * MiB, size)
  assert.equal(again.header('x-cache'), 'HIT')
  assert.equal(origin.requests('a').length, 1)
})
