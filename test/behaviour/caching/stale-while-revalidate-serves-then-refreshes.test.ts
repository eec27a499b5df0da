import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

for (const [where, settings, headers] of [
  ['the header', {}, { 'cache-control': 'max-age=60, stale-while-revalidate=30' }],
  ['the config', { cache: { stale_while_revalidate_seconds: 30 } }, { 'cache-control': 'max-age=60' }],
] as const) {
  test(`within the window of ${where} readers get the stale object at once, and one refresh follows`, async (t) => {
    const { proxy, origin, clock } = await startProxy(t, settings)
    const object = origin.serve('a.txt', 'crow', { headers })

    await proxy.get('/b/a.txt')
    object.replace('raven')
    await clock.advance(80_000)
    const held = object.delayHead()
    const stale = await Promise.all(Array.from({ length: 5 }, () => proxy.get('/b/a.txt')))
    await held.reached
    held.release()
    let fresh = await proxy.get('/b/a.txt')
    while (fresh.header('x-cache') === 'STALE') fresh = await proxy.get('/b/a.txt')

    for (const answer of stale) {
      assert.equal(answer.text, 'crow')
      assert.equal(answer.header('x-cache'), 'STALE')
      assert.equal(answer.header('age'), '80')
      assert.equal(answer.header('cache-status'), 'yatagarasu; hit; ttl=-20; detail=memory')
    }
    assert.equal(fresh.header('x-cache'), 'HIT')
    assert.equal(fresh.text, 'raven')
    assert.equal(origin.requests('a.txt').length, 2)
  })
}

test('behind the window readers wait for the origin', async (t) => {
  const { proxy, origin, clock } = await startProxy(t, { cache: { stale_while_revalidate_seconds: 30 } })
  origin.serve('a.txt', 'crow', { headers: { 'cache-control': 'max-age=60' } })

  await proxy.get('/b/a.txt')
  await clock.advance(90_000)
  const answer = await proxy.get('/b/a.txt')

  assert.equal(answer.header('x-cache'), 'REVALIDATED')
  assert.equal(origin.requests('a.txt').length, 2)
})
