import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'
import { assertPart, MiB, seed } from './rig.ts'

const size = 5 * MiB + 100

test('a suffix range of a cold object is the end of it, and then cached', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a', { size, seed })
  const headers = { range: `bytes=-${MiB}` }

  const cold = await proxy.get('/b/a', { headers })
  const cached = await proxy.get('/b/a', { headers })

  assertPart(cold, size - MiB, size, size)
  assertPart(cached, size - MiB, size, size)
  assert.equal(cold.header('x-cache'), 'MISS')
  assert.equal(cached.header('x-cache'), 'HIT')
  assert.equal(origin.requests('a').length, 1)
  // Where the object ends, and with it the slice the range begins in, is not known before the answer: a slice more is asked for.
  assert.ok((await proxy.metric('yatagarasu_origin_bytes_total')) <= 2 * MiB)
})

test('a suffix longer than the object is the whole of it, as a part', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a', { size: 10, seed })

  assertPart(await proxy.get('/b/a', { headers: { range: 'bytes=-11' } }), 0, 10, 10)
  assertPart(await proxy.get('/b/a', { headers: { range: 'bytes=-3' } }), 7, 10, 10)
  assert.equal(origin.requests('a').length, 1)
})
