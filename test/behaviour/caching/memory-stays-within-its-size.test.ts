import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('memory never holds more than max_cache_size_mb, and what it gave up is fetched again', async (t) => {
  const { proxy, origin } = await startProxy(t, { cache: { memory: { max_cache_size_mb: 1 } } })
  const keys = Array.from({ length: 30 }, (_, index) => `object-${index}`)
  for (const key of keys) origin.serve(key, Buffer.alloc(100_000, key))

  for (const key of [...keys, ...keys]) {
    const answer = await proxy.get(`/b/${key}`)
    assert.ok(answer.body.equals(Buffer.alloc(100_000, key)), key)
  }

  assert.ok((await proxy.metric('yatagarasu_cache_size_bytes', { bucket: 'b' })) <= 1024 * 1024)
  const items = await proxy.metric('yatagarasu_cache_items', { bucket: 'b' })
  assert.ok(items > 0 && items <= 10, `${items} objects of 100 kB`)
  const evicted = await proxy.metric('yatagarasu_cache_evictions_total', { bucket: 'b', reason: 'size' })
  assert.equal(evicted, origin.requests().length - items)
})
