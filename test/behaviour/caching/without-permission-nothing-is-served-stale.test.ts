import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('by default an expired object is not served when the origin is dead', async (t) => {
  const { proxy, origin, clock } = await startProxy(t, { s3: { retry: { max_attempts: 1 } } })
  origin.serve('a.txt', 'crow', { headers: { 'cache-control': 'max-age=60' } })

  await proxy.get('/b/a.txt')
  await clock.advance(59_000)
  await origin.stop()
  const fresh = await proxy.get('/b/a.txt')
  await clock.advance(2_000)
  const expired = await proxy.get('/b/a.txt')

  assert.equal(fresh.text, 'crow')
  assert.equal(fresh.header('x-cache'), 'HIT')
  assert.equal(expired.status, 504)
})
