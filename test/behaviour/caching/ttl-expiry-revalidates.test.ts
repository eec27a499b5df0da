import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('an expired object is confirmed with its ETag, and is young again', async (t) => {
  const { proxy, origin, clock } = await startProxy(t, { bucket: { cache: { ttl_seconds: 60 } } })
  const object = origin.serve('a.txt', 'crow')

  await proxy.get('/b/a.txt')
  await clock.advance(59_000)
  const fresh = await proxy.get('/b/a.txt')
  await clock.advance(1_000)
  const confirmed = await proxy.get('/b/a.txt')
  await clock.advance(59_000)
  const freshAgain = await proxy.get('/b/a.txt')

  assert.equal(fresh.header('x-cache'), 'HIT')
  assert.equal(fresh.header('age'), '59')
  assert.equal(confirmed.status, 200)
  assert.equal(confirmed.text, 'crow')
  assert.equal(confirmed.header('x-cache'), 'REVALIDATED')
  assert.equal(confirmed.header('age'), '0')
  assert.equal(freshAgain.header('x-cache'), 'HIT')
  assert.equal(freshAgain.header('age'), '59')
  const [, second, ...more] = origin.requests('a.txt')
  assert.equal(second?.headers['if-none-match'], object.current.etag)
  assert.equal(second?.bytesSent, 0)
  assert.equal(more.length, 0)
})
