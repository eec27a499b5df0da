import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

const inLanguage = (language: string) => ({ headers: { 'accept-language': language } })

test('answers that vary are kept one for each value of the request field', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a.txt', '').respond((request, response) => {
    const body = request.headers['accept-language'] ?? 'none'
    response.writeHead(200, { vary: 'Accept-Language', etag: `"${body}"`, 'content-length': body.length }).end(body)
  })

  const german = await proxy.get('/b/a.txt', inLanguage('de'))
  const french = await proxy.get('/b/a.txt', inLanguage('fr'))
  const plain = await proxy.get('/b/a.txt')
  const hits = [inLanguage('de'), inLanguage('fr'), {}].map((options) => proxy.get('/b/a.txt', options))

  assert.deepEqual([german.text, french.text, plain.text], ['none', 'fr', 'none'])
  assert.equal(french.header('cache-status'), 'yatagarasu; fwd=vary-miss; fwd-status=200; stored')
  for (const hit of await Promise.all(hits)) assert.equal(hit.header('x-cache'), 'HIT')
  assert.equal(french.header('vary'), 'Accept-Language')
  assert.equal(origin.requests('a.txt').length, 3)
})
