import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'
import { expectedBytes } from '../../support/synthetic-bytes.ts'
import { compare, longerThanBuffers, settled } from './rig.ts'

const size = longerThanBuffers
const headers = { 'cache-control': 'no-store' }

test('a large uncacheable answer comes no faster than its reader takes it', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('film', { size, seed: 1 }, { headers })

  const { body } = await proxy.open('/b/film')
  const read = await settled(() => origin.bytesSent('film'))
  assert.ok(read < size / 2, `${read} bytes were read for a reader that takes none`)

  assert.equal(await compare(body, expectedBytes(1, 0, size)), size)
  assert.equal(await proxy.metric('yatagarasu_cache_items', { layer: 'memory' }), 0)
})

test('readers of an object known to be uncacheable do not queue behind one another', async (t) => {
  const { proxy, origin } = await startProxy(t)
  const object = origin.serve('a', 'crow', { headers })
  await proxy.get('/b/a')

  const head = object.delayHead()
  const crowd = Array.from({ length: 5 }, () => proxy.get('/b/a'))
  await origin.arrival('a', 6) // all five are at the origin before one is answered
  head.release()

  for (const answer of await Promise.all(crowd)) assert.equal(answer.text, 'crow')
  assert.equal(await proxy.metric('yatagarasu_cache_coalesced_requests_total'), 0)
})

test('of a crowd that waits for an answer which turns out uncacheable everybody gets one of its own', async (t) => {
  const { proxy, origin } = await startProxy(t)
  const head = origin.serve('a', 'crow', { headers }).delayHead()

  const crowd = Array.from({ length: 5 }, () => proxy.get('/b/a'))
  await head.reached
  head.release()

  for (const answer of await Promise.all(crowd)) assert.equal(answer.text, 'crow')
  assert.equal(origin.requests('a').length, 5)
})
