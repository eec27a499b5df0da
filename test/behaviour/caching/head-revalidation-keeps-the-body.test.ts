import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('a HEAD that confirms an expired object keeps its body for the next GET', async (t) => {
  const { proxy, origin, clock } = await startProxy(t, { bucket: { cache: { ttl_seconds: 60 } } })
  origin.serve('a.txt', 'crow')

  await proxy.get('/b/a.txt')
  await clock.advance(61_000)
  const head = await proxy.get('/b/a.txt', { method: 'HEAD' })
  const got = await proxy.get('/b/a.txt')

  assert.equal(head.header('x-cache'), 'REVALIDATED')
  assert.equal(head.header('content-length'), '4')
  assert.equal(got.header('x-cache'), 'HIT')
  assert.equal(got.text, 'crow')
  assert.deepEqual(
    origin.requests('a.txt').map(({ method }) => method),
    ['GET', 'HEAD'],
  )
  assert.equal(origin.bytesSent(), 4)
})

test('a HEAD that finds another version makes the next GET fetch it', async (t) => {
  const { proxy, origin, clock } = await startProxy(t, { bucket: { cache: { ttl_seconds: 60 } } })
  const object = origin.serve('a.txt', 'crow')

  await proxy.get('/b/a.txt')
  object.replace('raven')
  await clock.advance(61_000)
  const head = await proxy.get('/b/a.txt', { method: 'HEAD' })
  const got = await proxy.get('/b/a.txt')

  assert.equal(head.header('content-length'), '5')
  assert.equal(head.header('x-cache'), 'MISS')
  assert.equal(got.text, 'raven')
  assert.equal(origin.requests('a.txt').length, 3)
})

test('a HEAD answered anew with the same version and length refreshes the object and keeps its body', async (t) => {
  const { proxy, origin, clock } = await startProxy(t, { bucket: { cache: { ttl_seconds: 60 } } })
  const object = origin.serve('a.txt', 'crow')

  await proxy.get('/b/a.txt')
  await clock.advance(61_000)
  object.respond((_request, response) => {
    response.writeHead(200, { etag: object.current.etag, 'content-length': '4', 'x-amz-meta-colour': 'blue' }).end()
  })
  const head = await proxy.get('/b/a.txt', { method: 'HEAD' })
  const got = await proxy.get('/b/a.txt')

  assert.equal(head.header('x-amz-meta-colour'), 'blue')
  assert.equal(got.header('x-cache'), 'HIT')
  assert.equal(got.text, 'crow')
  assert.equal(got.header('x-amz-meta-colour'), 'blue')
  assert.equal(origin.requests('a.txt').length, 2)
})
