import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('a dead origin is covered by the stale object, and comes back by itself', async (t) => {
  const settings = { cache: { stale_if_error_seconds: 600 }, s3: { retry: { max_attempts: 1 } } }
  const { proxy, origin, clock } = await startProxy(t, settings)
  origin.serve('a.txt', 'crow', { headers: { 'cache-control': 'max-age=60' } })

  await proxy.get('/b/a.txt')
  await clock.advance(61_000)
  await origin.stop()
  const covered = await proxy.get('/b/a.txt')
  const unknown = await proxy.get('/b/never-seen.txt')
  await origin.start()
  const confirmed = await proxy.get('/b/a.txt')

  assert.equal(covered.status, 200)
  assert.equal(covered.text, 'crow')
  assert.equal(covered.header('x-cache'), 'STALE')
  assert.equal(unknown.status, 504)
  assert.equal(confirmed.header('x-cache'), 'REVALIDATED')
  assert.equal(await proxy.metric('yatagarasu_origin_requests_total', { bucket: 'b', status: 'error' }), 2)
})
