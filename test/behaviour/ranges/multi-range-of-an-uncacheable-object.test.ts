import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'
import { expectedBytes } from '../../support/synthetic-bytes.ts'

const size = 3_000_000

for (const headers of [{ 'cache-control': 'no-store' }, {}] as const) {
  const why = 'cache-control' in headers ? 'that may not be stored' : 'past the cache'
  test(`several ranges of an object ${why} are answered with the whole: its bytes pass by once`, async (t) => {
    const { proxy, origin } = await startProxy(t)
    origin.serve('film', { size, seed: 1 }, { headers })
    const past = why === 'past the cache' ? { 'cache-control': 'no-store' } : {}

    const answer = await proxy.get('/b/film', { headers: { range: 'bytes=2000000-2000009,5-9', ...past } })

    assert.equal(answer.status, 200)
    assert.ok(answer.body.equals(expectedBytes(1, 0, size)))
    assert.equal(origin.requests('film').length, 1)
  })
}
