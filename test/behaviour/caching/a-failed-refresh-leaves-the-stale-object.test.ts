import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('when the refresh behind a stale answer fails, the next reader is served and tries again', async (t) => {
  const settings = { cache: { stale_while_revalidate_seconds: 60 }, s3: { retry: { max_attempts: 1 } } }
  const { proxy, origin, clock } = await startProxy(t, settings)
  const object = origin.serve('a.txt', 'crow', { headers: { 'cache-control': 'max-age=60' } })

  await proxy.get('/b/a.txt')
  await clock.advance(61_000)
  object.failWith(500, 'InternalError', { times: 1 })
  const first = await proxy.get('/b/a.txt')
  await (await origin.arrival('a.txt', 2)).ended
  let next = await proxy.get('/b/a.txt')
  while (next.header('x-cache') === 'STALE') next = await proxy.get('/b/a.txt')

  assert.equal(first.text, 'crow')
  assert.equal(next.text, 'crow')
  assert.equal(next.header('x-cache'), 'HIT')
  assert.equal(origin.requests('a.txt').length, 3)
  assert.equal(await proxy.metric('yatagarasu_http_requests_total', { status: '502' }), 0)
})
