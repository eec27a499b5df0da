import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test("an expired object is confirmed with its own ETag, and then the client's condition is judged", async (t) => {
  const { proxy, origin, clock } = await startProxy(t, { bucket: { cache: { ttl_seconds: 60 } } })
  const object = origin.serve('a.txt', 'crow')
  const etag = object.current.etag ?? ''

  await proxy.get('/b/a.txt')
  await clock.advance(61_000)
  const current = await proxy.get('/b/a.txt', { headers: { 'if-none-match': etag } })
  await clock.advance(61_000)
  const outdated = await proxy.get('/b/a.txt', { headers: { 'if-none-match': '"older"' } })

  assert.equal(current.status, 304)
  assert.equal(current.header('x-cache'), 'REVALIDATED')
  assert.equal(current.header('age'), '0')
  assert.equal(outdated.status, 200)
  assert.equal(outdated.text, 'crow')
  assert.equal(outdated.header('x-cache'), 'REVALIDATED')
  for (const { headers } of origin.requests('a.txt').slice(1)) assert.equal(headers['if-none-match'], etag)
})
