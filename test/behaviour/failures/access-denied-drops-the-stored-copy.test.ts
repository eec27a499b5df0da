import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('an object S3 denies is not served from the cache any more, and its denial is not cached', async (t) => {
  const { proxy, origin, clock } = await startProxy(t, {
    bucket: { cache: { ttl_seconds: 60 } },
    cache: { stale_if_error_seconds: 600 },
  })
  const object = origin.serve('a.txt', 'crow')

  await proxy.get('/b/a.txt')
  object.failWith(403, 'AccessDenied')
  await clock.advance(61_000)
  const denied = await proxy.get('/b/a.txt')
  const deniedStill = await proxy.get('/b/a.txt')
  const items = await proxy.metric('yatagarasu_cache_items', { bucket: 'b' })
  object.recover()
  const allowed = await proxy.get('/b/a.txt')

  for (const answer of [denied, deniedStill]) {
    assert.equal(answer.status, 403)
    assert.equal(JSON.parse(answer.text).error.code, 'AccessDenied')
    assert.equal(answer.header('cache-control'), 'no-store')
  }
  assert.equal(items, 0)
  assert.equal(allowed.header('x-cache'), 'MISS')
  assert.equal(allowed.text, 'crow')
  assert.equal(origin.requests('a.txt').length, 4)
})

test('a refresh behind a stale answer that S3 denies drops the copy too', async (t) => {
  const { proxy, origin, clock } = await startProxy(t, { cache: { stale_while_revalidate_seconds: 600 } })
  const object = origin.serve('a.txt', 'crow', { headers: { 'cache-control': 'max-age=60' } })

  await proxy.get('/b/a.txt')
  object.failWith(403, 'AccessDenied')
  await clock.advance(61_000)
  await proxy.get('/b/a.txt')
  let answer = await proxy.get('/b/a.txt')
  while (answer.status === 200 && origin.requests('a.txt').length < 20) answer = await proxy.get('/b/a.txt')

  assert.equal(answer.status, 403)
})
