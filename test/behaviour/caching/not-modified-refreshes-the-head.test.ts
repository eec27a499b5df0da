import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('a 304 refreshes the stored fields but those that describe the body', async (t) => {
  const { proxy, origin, clock } = await startProxy(t)
  const object = origin.serve('a.txt', 'crow', {
    headers: { 'cache-control': 'max-age=60', 'content-type': 'text/plain', 'x-amz-meta-colour': 'black' },
  })

  await proxy.get('/b/a.txt')
  await clock.advance(61_000)
  object.respond((_request, response) => {
    const fresh = { 'cache-control': 'max-age=600', 'x-amz-meta-colour': 'blue', 'content-type': 'image/png' }
    response.writeHead(304, { ...fresh, etag: object.current.etag, 'content-length': '0' }).end()
  })
  const confirmed = await proxy.get('/b/a.txt')
  await clock.advance(599_000)
  const hit = await proxy.get('/b/a.txt')

  assert.equal(confirmed.header('x-cache'), 'REVALIDATED')
  for (const answer of [confirmed, hit]) {
    assert.equal(answer.text, 'crow')
    assert.equal(answer.header('x-amz-meta-colour'), 'blue')
    assert.equal(answer.header('cache-control'), 'max-age=600')
    assert.equal(answer.header('content-type'), 'text/plain')
    assert.equal(answer.header('content-length'), '4')
  }
  assert.equal(hit.header('x-cache'), 'HIT')
  assert.equal(origin.requests('a.txt').length, 2)
})
