import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

for (const [stored, directive, expected] of [
  ['max-age=60', 'max-stale', 'STALE'],
  ['max-age=60', 'max-stale=10', 'STALE'],
  ['max-age=60', 'max-stale=9', 'REVALIDATED'],
  ['max-age=60, must-revalidate', 'max-stale', 'REVALIDATED'],
  ['s-maxage=60', 'max-stale', 'REVALIDATED'],
] as const) {
  test(`ten seconds after ${stored}, a request with ${directive} is a ${expected}`, async (t) => {
    const { proxy, origin, clock } = await startProxy(t)
    origin.serve('a.txt', 'crow', { headers: { 'cache-control': stored } })

    await proxy.get('/b/a.txt')
    await clock.advance(70_000)
    const answer = await proxy.get('/b/a.txt', { headers: { 'cache-control': directive } })

    assert.equal(answer.text, 'crow')
    assert.equal(answer.header('x-cache'), expected)
    assert.equal(answer.header('age'), expected === 'STALE' ? '70' : '0')
    assert.equal(origin.requests('a.txt').length, expected === 'STALE' ? 1 : 2)
  })
}
