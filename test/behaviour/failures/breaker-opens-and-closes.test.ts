import assert from 'node:assert/strict'
import { test } from 'node:test'
import { passSeconds } from '../../support/replicas.ts'
import { startProxy } from '../../support/start-proxy.ts'

const once = { retry: { max_attempts: 1 } }

test('after five failures in a row the origin is left alone: 503, with when to come back', async (t) => {
  const { proxy, origin } = await startProxy(t, { s3: once })
  origin.serve('a.txt', 'crow').failWith(500, 'InternalError')
  for (let request = 0; request < 5; request++) assert.equal((await proxy.get('/b/a.txt')).status, 502)

  const answer = await proxy.get('/b/a.txt')

  assert.equal(answer.status, 503)
  assert.equal(JSON.parse(answer.text).error.code, 'CircuitOpen')
  assert.equal(answer.header('retry-after'), '5')
  assert.equal(origin.requests('a.txt').length, 5)
  assert.equal(await proxy.metric('yatagarasu_circuit_breaker_state', { bucket: 'b' }), 1)
})

test('it is asked again within ten seconds of working again, however long timeout_seconds is', async (t) => {
  const { proxy, origin, clock } = await startProxy(t, { s3: { ...once, circuit_breaker: { timeout_seconds: 3600 } } })
  const object = origin.serve('a.txt', 'crow')
  object.failWith(500, 'InternalError')
  for (let request = 0; request < 6; request++) await proxy.get('/b/a.txt')
  object.recover()

  await passSeconds(clock, 10, () => proxy.metric('yatagarasu_circuit_breaker_state'))

  assert.equal((await proxy.get('/b/a.txt')).text, 'crow')
  assert.equal(await proxy.metric('yatagarasu_circuit_breaker_state', { bucket: 'b' }), 0)
})

test('objects that are missing or denied never open it', async (t) => {
  const { proxy, origin } = await startProxy(t, { s3: once })
  origin.serve('denied.txt', 'crow').failWith(403, 'AccessDenied')
  origin.serve('a.txt', 'crow')

  for (let request = 0; request < 30; request++) {
    assert.equal((await proxy.get(`/b/missing-${request}.txt`)).status, 404)
    assert.equal((await proxy.get('/b/denied.txt')).status, 403)
  }

  assert.equal((await proxy.get('/b/a.txt')).text, 'crow')
})

test('what may be served stale is, while it is open', async (t) => {
  const { proxy, origin, clock } = await startProxy(t, { s3: once })
  const headers = { 'cache-control': 'max-age=10, stale-if-error=3600' }
  origin.serve('kept.txt', 'raven', { headers })
  origin.serve('a.txt', 'crow').failWith(503, 'SlowDown')
  await proxy.get('/b/kept.txt')
  await clock.advance(11_000)
  for (let request = 0; request < 6; request++) assert.equal((await proxy.get('/b/a.txt')).status, 503)
  const before = origin.requests('kept.txt').length

  const answer = await proxy.get('/b/kept.txt')

  assert.equal(answer.text, 'raven')
  assert.equal(answer.header('x-cache'), 'STALE')
  assert.equal(origin.requests('kept.txt').length, before)
})
