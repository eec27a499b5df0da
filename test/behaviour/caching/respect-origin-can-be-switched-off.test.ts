import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test("with respect_origin: false the configured ttl replaces the origin's freshness", async (t) => {
  const { proxy, origin, clock } = await startProxy(t, {
    cache: { respect_origin: false, memory: { default_ttl_seconds: 60 } },
  })
  origin.serve('long.txt', 'crow', { headers: { 'cache-control': 'max-age=6000' } })
  origin.serve('short.txt', 'crow', { headers: { 'cache-control': 'max-age=0, no-cache' } })

  await proxy.get('/b/long.txt')
  await proxy.get('/b/short.txt')
  await clock.advance(59_000)
  const short = await proxy.get('/b/short.txt')
  await clock.advance(2_000)
  const long = await proxy.get('/b/long.txt')

  assert.equal(short.header('x-cache'), 'HIT')
  assert.equal(long.header('x-cache'), 'REVALIDATED')
})

for (const refusal of ['no-store', 'private']) {
  test(`with respect_origin: false ${refusal} still counts`, async (t) => {
    const { proxy, origin } = await startProxy(t, { cache: { respect_origin: false } })
    origin.serve('a.txt', 'crow', { headers: { 'cache-control': refusal } })

    await proxy.get('/b/a.txt')
    const second = await proxy.get('/b/a.txt')

    assert.equal(second.header('x-cache'), 'MISS')
    assert.equal(origin.requests('a.txt').length, 2)
  })
}
