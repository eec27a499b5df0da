import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

for (const [directive, expected] of [
  ['max-age=30', 'HIT'],
  ['max-age=29', 'REVALIDATED'],
  ['max-age=0', 'REVALIDATED'],
  ['min-fresh=30', 'HIT'],
  ['min-fresh=31', 'REVALIDATED'],
  ['max-age=nonsense', 'HIT'],
] as const) {
  test(`at half of a minute's lifetime, a request with ${directive} is a ${expected}`, async (t) => {
    const { proxy, origin, clock } = await startProxy(t)
    origin.serve('a.txt', 'crow', { headers: { 'cache-control': 'max-age=60' } })

    await proxy.get('/b/a.txt')
    await clock.advance(30_000)
    const answer = await proxy.get('/b/a.txt', { headers: { 'cache-control': directive } })

    assert.equal(answer.text, 'crow')
    assert.equal(answer.header('x-cache'), expected)
    assert.equal(origin.requests('a.txt').length, expected === 'HIT' ? 1 : 2)
  })
}
