import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('a 304 that names another version makes the proxy ask again without a condition', async (t) => {
  const { proxy, origin, clock } = await startProxy(t, { bucket: { cache: { ttl_seconds: 60 } } })
  const object = origin.serve('a.txt', 'crow')

  await proxy.get('/b/a.txt')
  await clock.advance(61_000)
  object.replace('raven')
  object.respond((request, response) => {
    if (request.headers['if-none-match'] === undefined) {
      response.writeHead(200, { etag: '"raven"', 'content-length': '5' }).end('raven')
    } else response.writeHead(304, { etag: '"raven"' }).end()
  })
  const got = await proxy.get('/b/a.txt')

  assert.equal(got.status, 200)
  assert.equal(got.text, 'raven')
  assert.equal(got.header('etag'), '"raven"')
  assert.equal(got.header('x-cache'), 'MISS')
  assert.equal(origin.requests('a.txt').length, 3)
})
