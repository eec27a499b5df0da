import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test("a 404 page that is no S3 error lives for negative_ttl_seconds, not for the object's ttl", async (t) => {
  const { proxy, origin, clock } = await startProxy(t)
  const object = origin.serve('a.txt', 'crow')
  object.respond((_request, response) => void response.writeHead(404, { 'content-length': '4' }).end('gone'))

  const first = await proxy.get('/b/a.txt')
  await clock.advance(9_000)
  const remembered = await proxy.get('/b/a.txt')
  object.recover()
  await clock.advance(2_000)
  const found = await proxy.get('/b/a.txt')

  assert.equal(first.text, 'gone')
  assert.equal(remembered.header('x-cache'), 'HIT')
  assert.equal(remembered.text, 'gone')
  assert.equal(found.text, 'crow')
  assert.equal(origin.requests('a.txt').length, 2)
})
