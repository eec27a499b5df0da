import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

const rule = { allowed_origins: ['https://app.example.com'], allowed_headers: ['Range'], max_age_seconds: 600 }
const preflight = (origin: string, method: string) => ({
  method: 'OPTIONS' as const,
  headers: { origin, 'access-control-request-method': method, 'access-control-request-headers': 'range' },
})

test('a preflight the rule allows is a 204 that says so, and S3 is not asked', async (t) => {
  const { proxy, origin } = await startProxy(t, { bucket: { cors: rule } })

  const answer = await proxy.get('/b/a.txt', preflight('https://app.example.com', 'GET'))

  assert.equal(answer.status, 204)
  assert.equal(answer.header('access-control-allow-origin'), 'https://app.example.com')
  assert.equal(answer.header('access-control-allow-methods'), 'GET, HEAD, OPTIONS')
  assert.equal(answer.header('access-control-allow-headers'), 'Range')
  assert.equal(answer.header('access-control-max-age'), '600')
  assert.equal(answer.header('vary'), 'Origin')
  assert.equal(origin.requests().length, 0)
})

test('one it does not allow is a 204 without the fields that would allow it', async (t) => {
  const { proxy } = await startProxy(t, { bucket: { cors: rule } })

  const stranger = await proxy.get('/b/a.txt', preflight('https://evil.example.com', 'GET'))
  const writer = await proxy.get('/b/a.txt', preflight('https://app.example.com', 'PUT'))

  assert.deepEqual([stranger.status, writer.status], [204, 204])
  assert.equal(stranger.header('access-control-allow-origin'), undefined)
  assert.equal(writer.header('access-control-allow-methods'), undefined)
  for (const answer of [stranger, writer]) assert.equal(answer.header('vary'), 'Origin')
})
