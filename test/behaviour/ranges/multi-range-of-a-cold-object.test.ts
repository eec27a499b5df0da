import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'
import { expectedBytes } from '../../support/synthetic-bytes.ts'

const MiB = 1024 * 1024

test('several ranges of a cold object cost the slices they touch', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('film', { size: 8 * MiB, seed: 1 })

  const range = `bytes=10-19,${4 * MiB + 5}-${4 * MiB + 9}`
  const answer = await proxy.get('/b/film', { headers: { range } })

  assert.equal(answer.status, 206)
  assert.match(answer.header('content-type') ?? '', /^multipart\/byteranges; boundary=/)
  assert.ok(answer.body.includes(expectedBytes(1, 10, 20)))
  assert.ok(answer.body.includes(expectedBytes(1, 4 * MiB + 5, 4 * MiB + 10)))
  const again = await proxy.get('/b/film', { headers: { range } })
  assert.equal(again.header('x-cache'), 'HIT')
  // The two slices, and what was under way of the next one when the first part was had.
  assert.ok((await proxy.metric('yatagarasu_origin_bytes_total')) <= 3 * MiB)
})
