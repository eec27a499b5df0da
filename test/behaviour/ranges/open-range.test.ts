import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'
import { assertPart, MiB, seed } from './rig.ts'

const size = 4 * MiB

test('an open range goes to the end of the object, cold and cached', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a', { size, seed })
  const headers = { range: `bytes=${3 * MiB + 1}-` }

  assertPart(await proxy.get('/b/a', { headers }), 3 * MiB + 1, size, size)
  assertPart(await proxy.get('/b/a', { headers }), 3 * MiB + 1, size, size)

  assert.deepEqual(
    origin.requests('a').map((request) => request.range),
    [`bytes=${3 * MiB}-`],
  )
  assert.equal(origin.bytesSent('a'), MiB)
})

test('an open range from the first byte on is a part as well', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a', { size: 10, seed })

  assertPart(await proxy.get('/b/a', { headers: { range: 'bytes=0-' } }), 0, 10, 10)
  assert.equal(origin.requests('a').length, 1)
})
