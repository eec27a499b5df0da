import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

for (const [what, headers] of [
  ['s-maxage before max-age', { 'cache-control': 's-maxage=30, max-age=600' }],
  ['max-age before Expires', { 'cache-control': 'max-age=30', expires: 'Thu, 01 Jan 2026 01:00:00 GMT' }],
  ['Expires less Date', { expires: 'Thu, 01 Jan 2026 00:00:30 GMT' }],
] as const) {
  test(`an answer is fresh for as long as the origin says: ${what}`, async (t) => {
    const { proxy, origin, clock } = await startProxy(t)
    origin.serve('a.txt', 'crow', { headers })

    await proxy.get('/b/a.txt')
    await clock.advance(29_000)
    const fresh = await proxy.get('/b/a.txt')
    await clock.advance(2_000)
    const expired = await proxy.get('/b/a.txt')

    assert.equal(fresh.header('x-cache'), 'HIT')
    assert.equal(expired.header('x-cache'), 'REVALIDATED')
    assert.equal(expired.text, 'crow')
    assert.equal(origin.requests('a.txt').length, 2)
  })
}
