import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('OPTIONS on a bucket without CORS is a 204 with Allow, and S3 is not asked', async (t) => {
  const { proxy, origin } = await startProxy(t)
  const headers = { origin: 'https://app.example.com', 'access-control-request-method': 'GET' }

  for (const options of [{}, { headers }]) {
    const answer = await proxy.get('/b/a.txt', { method: 'OPTIONS', ...options })
    assert.equal(answer.status, 204)
    assert.equal(answer.header('allow'), 'GET, HEAD, OPTIONS')
    assert.equal(answer.body.length, 0)
    assert.equal(answer.header('access-control-allow-origin'), undefined)
  }
  assert.equal(origin.requests().length, 0)
})
