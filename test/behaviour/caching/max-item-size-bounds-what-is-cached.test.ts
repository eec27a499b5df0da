import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'
import { expectedBytes } from '../../support/synthetic-bytes.ts'

const size = 64 * 1024

test("an object over the bucket's max_item_size_mb is served and not cached", async (t) => {
  const { proxy, origin } = await startProxy(t, { bucket: { cache: { max_item_size_mb: '64KB' } } })
  origin.serve('fits', { size, seed: 1 })
  origin.serve('larger', { size: size + 1, seed: 2 })

  for (const [key, length, seed] of [
    ['fits', size, 1],
    ['larger', size + 1, 2],
  ] as const) {
    const first = await proxy.get(`/b/${key}`)
    const second = await proxy.get(`/b/${key}`)
    for (const answer of [first, second]) assert.ok(answer.body.equals(expectedBytes(seed, 0, length)), key)
    assert.equal(second.header('x-cache'), key === 'fits' ? 'HIT' : 'MISS', key)
  }
  assert.equal(origin.requests('fits').length, 1)
  assert.equal(origin.requests('larger').length, 2)
})

test('an object over the max_item_size_mb of memory is not left there', async (t) => {
  const { proxy, origin } = await startProxy(t, {
    cache: { memory: { max_item_size_mb: '64KB', max_cache_size_mb: 8 } },
  })
  origin.serve('larger', { size: size + 1, seed: 2 })

  const first = await proxy.get('/b/larger')
  const second = await proxy.get('/b/larger')

  for (const answer of [first, second]) assert.ok(answer.body.equals(expectedBytes(2, 0, size + 1)))
  assert.equal(second.header('x-cache'), 'MISS')
  assert.equal(origin.requests('larger').length, 2)
})
