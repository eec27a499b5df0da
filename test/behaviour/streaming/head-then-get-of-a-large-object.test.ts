import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'
import { assertBytes, MiB } from './rig.ts'

test('after a HEAD of a large object its head is a hit, and a GET asks the origin for the pinned bytes alone', async (t) => {
  const { proxy, origin } = await startProxy(t)
  const size = 3 * MiB
  origin.serve('film', { size, seed: 1 })

  const first = await proxy.get('/b/film', { method: 'HEAD' })
  const second = await proxy.get('/b/film', { method: 'HEAD' })
  const whole = await proxy.get('/b/film')

  assert.equal(first.header('content-length'), String(size))
  assert.equal(first.header('x-cache'), 'MISS')
  assert.equal(second.header('x-cache'), 'HIT')
  assert.equal(whole.header('x-cache'), 'MISS')
  assertBytes(whole.body, 1, 0, size)
  assert.deepEqual(
    origin.requests('film').map(({ method, headers }) => [method, headers['if-match']]),
    [
      ['HEAD', undefined],
      ['GET', first.header('etag')],
    ],
  )
})
