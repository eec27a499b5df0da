import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limitedBy, quotaOf } from '../../../src/limits/quota.ts'
import { limitOf } from '../../support/rate-limits.ts'

for (const [requestsPerSecond, burst, windowMs, bucket, window] of [
  [50, 100, 1000, { limit: 100, periodMs: 2000 }, { limit: 100, periodMs: 2000 }],
  [50, 10, 1000, { limit: 10, periodMs: 200 }, { limit: 50, periodMs: 1000 }],
  [50, 10, 60_000, { limit: 10, periodMs: 200 }, { limit: 3000, periodMs: 60_000 }],
  [1.5, 1, 1000, { limit: 1, periodMs: 1000 / 1.5 }, { limit: 2, periodMs: 2000 / 1.5 }],
  [0.25, 1, 1000, { limit: 1, periodMs: 4000 }, { limit: 1, periodMs: 4000 }],
] as const) {
  test(`${requestsPerSecond} a second with bursts of ${burst} in windows of ${windowMs} ms never come to a higher rate`, () => {
    const rate = { requestsPerSecond, burst }
    assert.deepEqual(quotaOf(rate, { algorithm: 'token_bucket', windowMs }), bucket)
    assert.deepEqual(quotaOf(rate, { algorithm: 'sliding_window', windowMs }), window)
  })
}

test('a refusal tells whole seconds, rounded up, and never none', () => {
  const limit = limitOf(10, 20, 'bucket_per_user', 'images')
  const told = { kind: 'limited', scope: 'bucket_per_user', limit: 20, remaining: 0 }
  const quota = { limit: 20, periodMs: 2000 }
  assert.deepEqual(limitedBy(limit, quota, 0.2, 1000), { ...told, retryAfterSeconds: 1, resetSeconds: 1 })
  assert.deepEqual(limitedBy(limit, quota, 1001, 2000.1), { ...told, retryAfterSeconds: 2, resetSeconds: 3 })
})
