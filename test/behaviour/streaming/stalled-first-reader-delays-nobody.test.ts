import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'
import { expectedBytes } from '../../support/synthetic-bytes.ts'
import { compare, longerThanBuffers, settled } from './rig.ts'

const size = longerThanBuffers

test('a stalled first reader delays nobody, and reads on from the tier when it wakes', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('film', { size, seed: 1 })
  const expected = expectedBytes(1, 0, size)

  const stalled = await proxy.open('/b/film')
  const read = await settled(() => origin.bytesSent('film'))
  assert.ok(read < size / 2, `${read} bytes were read for a reader that takes none`)
  const second = await proxy.open('/b/film')

  assert.equal(await compare(second.body, expected), size)
  assert.equal(await compare(stalled.body, expected), size)
  assert.equal(origin.requests('film').length, 1)
  assert.equal(origin.bytesSent('film'), size)
})

test('a reader so slow that the tier has forgotten its slices gets them from the origin again', async (t) => {
  const { proxy, origin } = await startProxy(t, { cache: { memory: { max_cache_size_mb: 8, max_item_size_mb: 1 } } })
  origin.serve('film', { size, seed: 1 })
  const expected = expectedBytes(1, 0, size)

  const slow = await proxy.open('/b/film')
  await settled(() => origin.bytesSent('film'))
  assert.equal(await compare((await proxy.open('/b/film')).body, expected), size)
  const before = origin.requests('film').length
  assert.equal(await compare(slow.body, expected), size)

  assert.ok(origin.requests('film').length > before)
  for (const { headers } of origin.requests('film').slice(1)) assert.notEqual(headers['if-match'], undefined)
})
