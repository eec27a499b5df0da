import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'
import { assertWhole, MiB, seed } from './rig.ts'

const size = 6 * MiB
const slices = (first: number, last: number) => `bytes=${first * MiB}-${(last + 1) * MiB - 1}`

test('holes in a cached object are fetched alone, each by one request', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a', { size, seed })
  for (const range of [slices(0, 0), slices(3, 3)]) await proxy.get('/b/a', { headers: { range } })

  const whole = await proxy.get('/b/a')

  assertWhole(whole, size)
  assert.equal(whole.header('x-cache'), 'HIT')
  assert.deepEqual(
    origin.requests('a').map((request) => request.range),
    [slices(0, 0), slices(3, 3), slices(1, 2), slices(4, 5)],
  )
  assert.equal(await proxy.metric('yatagarasu_origin_bytes_total', { bucket: 'b' }), size)
})
