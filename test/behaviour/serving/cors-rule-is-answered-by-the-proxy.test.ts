import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

const rule = { allowed_origins: ['https://app.example.com'], exposed_headers: ['ETag'], allow_credentials: true }
const from = (origin: string) => ({ headers: { origin } })

test('an allowed origin may read the answer; others share the same stored object and may not', async (t) => {
  const { proxy, origin } = await startProxy(t, { bucket: { cors: rule } })
  const theirs = { 'access-control-allow-origin': 'https://s3.example.com', 'access-control-max-age': '1' }
  origin.serve('a.txt', 'crow', { headers: { ...theirs, vary: 'Accept-Encoding' } })

  const allowed = await proxy.get('/b/a.txt', from('https://app.example.com'))
  const other = await proxy.get('/b/a.txt', from('https://evil.example.com'))
  const none = await proxy.get('/b/a.txt')

  assert.equal(allowed.header('access-control-allow-origin'), 'https://app.example.com')
  assert.equal(allowed.header('access-control-allow-credentials'), 'true')
  assert.equal(allowed.header('access-control-expose-headers'), 'ETag')
  assert.equal(other.header('access-control-allow-origin'), undefined)
  assert.equal(none.header('access-control-allow-origin'), undefined)
  for (const answer of [allowed, other, none]) {
    assert.equal(answer.text, 'crow')
    assert.equal(answer.header('vary'), 'Accept-Encoding, Origin')
    assert.equal(answer.header('access-control-max-age'), undefined)
  }
  assert.equal(origin.requests('a.txt').length, 1)
  assert.equal(origin.requests('a.txt')[0]?.headers.origin, undefined)
})

test('errors carry the CORS fields too', async (t) => {
  const { proxy } = await startProxy(t, { bucket: { cors: rule } })

  const missing = await proxy.get('/b/none.txt', from('https://app.example.com'))
  const bad = await proxy.get('/b/none.txt', { ...from('https://app.example.com'), method: 'POST' })

  for (const [answer, status] of [
    [missing, 404],
    [bad, 405],
  ] as const) {
    assert.equal(answer.status, status)
    assert.equal(answer.header('access-control-allow-origin'), 'https://app.example.com')
    assert.equal(answer.header('vary'), 'Origin')
  }
})

test('an OPTIONS that is no preflight is told apart by its Origin like any other request', async (t) => {
  const { proxy } = await startProxy(t, { bucket: { cors: rule } })

  const plain = await proxy.get('/b/a.txt', { method: 'OPTIONS' })
  const allowed = await proxy.get('/b/a.txt', { ...from('https://app.example.com'), method: 'OPTIONS' })

  assert.equal(plain.header('vary'), 'Origin')
  assert.equal(allowed.header('vary'), 'Origin')
  assert.equal(allowed.header('access-control-allow-origin'), 'https://app.example.com')
  for (const { status, header } of [plain, allowed]) {
    assert.equal(status, 204)
    assert.equal(header('allow'), 'GET, HEAD, OPTIONS')
  }
})

test('a rule for every origin answers all alike, without Vary', async (t) => {
  const { proxy, origin } = await startProxy(t, { bucket: { cors: { allowed_origins: ['*'] } } })
  origin.serve('a.txt', 'crow')

  for (const options of [{}, from('https://app.example.com')]) {
    const answer = await proxy.get('/b/a.txt', options)
    assert.equal(answer.header('access-control-allow-origin'), '*')
    assert.equal(answer.header('vary'), undefined)
  }
})

test('a preflight that is refused says why in a way that the page may read', async (t) => {
  const rate_limit = { global: { requests_per_second: 1, burst_size: 1 } }
  const { proxy } = await startProxy(t, { bucket: { cors: rule, rate_limit } })
  const headers = { origin: 'https://app.example.com', 'access-control-request-method': 'GET' }
  await proxy.get('/b/a.txt', { method: 'OPTIONS', headers })

  const refused = await proxy.get('/b/a.txt', { method: 'OPTIONS', headers })

  assert.equal(refused.status, 429)
  assert.equal(refused.header('access-control-allow-origin'), 'https://app.example.com')
})
