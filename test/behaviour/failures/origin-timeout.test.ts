import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('an origin that sends no head in time is a 504', async (t) => {
  const { proxy, origin, clock } = await startProxy(t, { s3: { timeout_seconds: 2, retry: { max_attempts: 1 } } })
  const head = origin.serve('a.txt', 'crow').delayHead()

  const waiting = proxy.get('/b/a.txt')
  await head.reached
  await clock.advance(2_000)
  const answer = await waiting

  assert.equal(answer.status, 504)
  assert.equal(JSON.parse(answer.text).error.code, 'OriginTimeout')
  assert.equal(await origin.requests('a.txt')[0]?.ended, false)
  head.release()
  assert.equal((await proxy.get('/b/a.txt')).text, 'crow')
})

test('an origin that stops in the middle of a body breaks the response off', async (t) => {
  const { proxy, origin, clock } = await startProxy(t, { s3: { timeout_seconds: 2, retry: { max_attempts: 1 } } })
  const stall = origin.serve('a.txt', 'crow').holdAt(2)

  const { body } = await proxy.open('/b/a.txt')
  await stall.reached
  const whole = body.arrayBuffer()
  await clock.advance(2_000)

  await assert.rejects(whole)
  stall.release()
  const next = await proxy.get('/b/a.txt')
  assert.equal(next.text, 'crow')
  assert.equal(next.header('x-cache'), 'MISS')
})
