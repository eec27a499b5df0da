import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('a SlowDown that outlasts the retries is a 503 with the Retry-After S3 gave', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a.txt', 'crow').failWith(503, 'SlowDown', { headers: { 'retry-after': '7' } })

  const answer = await proxy.get('/b/a.txt')

  assert.equal(answer.status, 503)
  assert.equal(answer.header('retry-after'), '7')
  assert.equal(JSON.parse(answer.text).error.code, 'SlowDown')
  assert.equal(origin.requests('a.txt').length, 1, 'seven seconds are longer than the longest wait')
})
