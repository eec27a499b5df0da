import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

for (const refusal of ['no-store', 'private', 'max-age=60, private', 'PRIVATE="set-cookie"']) {
  test(`an answer with Cache-Control: ${refusal} is served and not stored`, async (t) => {
    const { proxy, origin } = await startProxy(t)
    origin.serve('a.txt', 'crow', { headers: { 'cache-control': refusal } })

    const first = await proxy.get('/b/a.txt')
    const second = await proxy.get('/b/a.txt')

    for (const answer of [first, second]) {
      assert.equal(answer.text, 'crow')
      assert.equal(answer.header('x-cache'), 'MISS')
      assert.equal(answer.header('cache-control'), refusal)
      assert.equal(answer.header('age'), undefined)
    }
    assert.equal(origin.requests('a.txt').length, 2)
    assert.equal(await proxy.metric('yatagarasu_cache_items', { bucket: 'b' }), 0)
  })
}

test('an object whose answer turns to no-store is forgotten', async (t) => {
  const { proxy, origin, clock } = await startProxy(t, { bucket: { cache: { ttl_seconds: 60 } } })
  const object = origin.serve('a.txt', 'crow')

  await proxy.get('/b/a.txt')
  object.replace('raven', { headers: { 'cache-control': 'no-store' } })
  await clock.advance(61_000)
  const changed = await proxy.get('/b/a.txt')

  assert.equal(changed.text, 'raven')
  assert.equal(await proxy.metric('yatagarasu_cache_items', { bucket: 'b' }), 0)
})
