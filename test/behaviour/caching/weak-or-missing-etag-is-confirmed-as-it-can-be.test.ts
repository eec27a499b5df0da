import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

for (const [what, options, sent] of [
  ['a weak ETag', { etag: 'W/"crow"' }, { 'if-none-match': 'W/"crow"' }],
  ['only Last-Modified', { etag: null }, { 'if-modified-since': 'Wed, 01 Jan 2025 00:00:00 GMT' }],
] as const) {
  test(`a small object with ${what} is cached and confirmed by it`, async (t) => {
    const { proxy, origin, clock } = await startProxy(t, { bucket: { cache: { ttl_seconds: 60 } } })
    origin.serve('a.txt', 'crow', options)

    const miss = await proxy.get('/b/a.txt')
    const hit = await proxy.get('/b/a.txt')
    await clock.advance(61_000)
    const confirmed = await proxy.get('/b/a.txt')

    assert.equal(hit.header('x-cache'), 'HIT')
    assert.equal(hit.header('etag'), miss.header('etag'))
    assert.equal(miss.header('etag'), options.etag ?? undefined)
    assert.equal(confirmed.header('x-cache'), 'REVALIDATED')
    assert.equal(confirmed.text, 'crow')
    const conditions = Object.entries(origin.requests('a.txt')[1]?.headers ?? {}).filter(([name]) => /^if-/.test(name))
    assert.deepEqual(Object.fromEntries(conditions), sent)
  })
}

test('a small object without any validator is cached, and fetched anew when it has expired', async (t) => {
  const { proxy, origin, clock } = await startProxy(t, { bucket: { cache: { ttl_seconds: 60 } } })
  origin.serve('a.txt', 'crow', { etag: null, lastModified: null })

  await proxy.get('/b/a.txt')
  const hit = await proxy.get('/b/a.txt')
  await clock.advance(61_000)
  const fetched = await proxy.get('/b/a.txt')

  assert.equal(hit.header('x-cache'), 'HIT')
  assert.equal(fetched.header('x-cache'), 'MISS')
  assert.equal(fetched.text, 'crow')
  assert.equal(origin.bytesSent('a.txt'), 8)
})
