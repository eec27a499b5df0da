import assert from 'node:assert/strict'
import { test } from 'node:test'
import { advanceUntil } from '../../support/advance-until.ts'
import { startProxy } from '../../support/start-proxy.ts'

test('request_timeout_seconds ends the wait for a head, however many retries are left', async (t) => {
  const { proxy, origin, clock } = await startProxy(t, {
    server: { request_timeout_seconds: 5 },
    s3: {
      retry: { max_attempts: 100, initial_backoff_ms: 1000, max_backoff_ms: 1000 },
      circuit_breaker: { failure_threshold: 100 },
    },
  })
  origin.serve('a.txt', 'crow').failWith(500, 'InternalError')

  const answer = await advanceUntil(clock, proxy.get('/b/a.txt'))

  assert.equal(answer.status, 504)
  assert.equal(JSON.parse(answer.text).error.code, 'OriginTimeout')
  const asked = origin.requests('a.txt').length
  assert.ok(asked > 2 && asked <= 11, `${asked} requests, half a second apart`)
})
