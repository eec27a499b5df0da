import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('with cors: passthrough the origin sees Origin, and its Vary keeps the answers apart', async (t) => {
  const { proxy, origin } = await startProxy(t, { bucket: { cors: 'passthrough' } })
  origin.serve('a.txt', '').respond((request, response) => {
    const shared = request.headers.origin === undefined ? {} : { 'access-control-allow-origin': request.headers.origin }
    response.writeHead(200, { etag: '"crow"', vary: 'Origin', 'content-length': '4', ...shared }).end('crow')
  })
  const get = async (headers: Record<string, string>) => {
    const answer = await proxy.get('/b/a.txt', { headers })
    return [answer.header('access-control-allow-origin'), answer.header('x-cache')]
  }

  assert.deepEqual(await get({ origin: 'https://one' }), ['https://one', 'MISS'])
  assert.deepEqual(await get({ origin: 'https://two' }), ['https://two', 'MISS'])
  assert.deepEqual(await get({}), [undefined, 'MISS'])
  assert.deepEqual(await get({ origin: 'https://one' }), ['https://one', 'HIT'])
  assert.equal(origin.requests('a.txt').length, 3)
})

test('with cors: passthrough preflights go to the origin with what they ask, and nothing else', async (t) => {
  const { proxy, origin } = await startProxy(t, { bucket: { cors: 'passthrough' } })
  origin.serve('a.txt', '').respond((_request, response) => {
    response.writeHead(200, { 'access-control-allow-methods': 'GET', 'content-length': '0' }).end()
  })
  const asks = { origin: 'https://one', 'access-control-request-method': 'GET', cookie: 'session=1' }

  const answer = await proxy.get('/b/a.txt', { method: 'OPTIONS', headers: asks })

  assert.equal(answer.status, 200)
  assert.equal(answer.header('access-control-allow-methods'), 'GET')
  const [request] = origin.requests('a.txt')
  assert.equal(request?.method, 'OPTIONS')
  assert.equal(request?.headers.origin, 'https://one')
  assert.equal(request?.headers['access-control-request-method'], 'GET')
  assert.equal(request?.headers.cookie, undefined)
})

test('a preflight the origin answers with 204 passes as it is', async (t) => {
  const { proxy, origin } = await startProxy(t, { bucket: { cors: 'passthrough' } })
  origin.serve('a.txt', '').respond((_request, response) => void response.writeHead(204, { 'x-said': 'yes' }).end())

  const headers = { origin: 'https://one', 'access-control-request-method': 'GET' }
  const answer = await proxy.get('/b/a.txt', { method: 'OPTIONS', headers })

  assert.equal(answer.status, 204)
  assert.equal(answer.header('x-said'), 'yes')
  assert.equal(answer.header('content-length'), undefined)
  assert.equal(answer.header('transfer-encoding'), undefined)
})

test('a preflight the origin refuses is refused', async (t) => {
  const { proxy, origin } = await startProxy(t, { bucket: { cors: 'passthrough' } })
  origin.serve('a.txt', 'crow').failWith(403, 'AccessForbidden')

  const headers = { origin: 'https://one', 'access-control-request-method': 'GET' }
  const answer = await proxy.get('/b/a.txt', { method: 'OPTIONS', headers })

  assert.equal(answer.status, 403)
  assert.equal(origin.requests('a.txt').length, 1)
})

test('a preflight for what the origin does not have is a 404', async (t) => {
  const { proxy } = await startProxy(t, { bucket: { cors: 'passthrough' } })

  const headers = { origin: 'https://one', 'access-control-request-method': 'GET' }
  const answer = await proxy.get('/b/none.txt', { method: 'OPTIONS', headers })

  assert.equal(answer.status, 404)
  assert.equal(JSON.parse(answer.text).error.code, 'NoSuchKey')
})
