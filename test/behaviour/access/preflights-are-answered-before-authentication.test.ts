import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'
import { hs256 } from '../../support/tokens.ts'

test('a preflight needs no token, and an OPTIONS that is none neither', async (t) => {
  const { proxy, origin } = await startProxy(t, {
    bucket: { jwt: hs256, cors: { allowed_origins: ['https://app.example.com'], allowed_headers: ['Authorization'] } },
  })
  const headers = { origin: 'https://app.example.com', 'access-control-request-method': 'GET' }

  const preflight = await proxy.get('/b/a.txt', { method: 'OPTIONS', headers })
  const plain = await proxy.get('/b/a.txt', { method: 'OPTIONS' })
  const read = await proxy.get('/b/a.txt', { headers: { origin: 'https://app.example.com' } })

  assert.equal(preflight.status, 204)
  assert.equal(preflight.header('access-control-allow-headers'), 'Authorization')
  assert.equal(plain.status, 204)
  assert.equal(read.status, 401)
  assert.equal(read.header('access-control-allow-origin'), 'https://app.example.com')
  assert.equal(origin.requests().length, 0)
})
