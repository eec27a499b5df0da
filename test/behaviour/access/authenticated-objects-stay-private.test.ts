import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'
import { bearer, hs256 } from '../../support/tokens.ts'

const caching = { 'cache-control': 'public, max-age=600, s-maxage=900', 'cdn-cache-control': 'max-age=60' }

test('what a protected bucket serves is marked private, on miss, hit and 304', async (t) => {
  const { proxy, origin } = await startProxy(t, { bucket: { jwt: hs256 } })
  origin.serve('a.txt', 'crow', { headers: caching })
  const { headers } = await bearer()

  const answers = [await proxy.get('/b/a.txt', { headers }), await proxy.get('/b/a.txt', { headers })]
  const etag = answers[0]?.header('etag') ?? ''
  answers.push(await proxy.get('/b/a.txt', { headers: { ...headers, 'if-none-match': etag } }))

  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 304],
  )
  for (const answer of answers) {
    assert.equal(answer.header('cache-control'), 'private, max-age=600')
    assert.equal(answer.header('cdn-cache-control'), undefined)
  }
})

test('an object that said nothing of caching is marked private too', async (t) => {
  const { proxy, origin } = await startProxy(t, { bucket: { jwt: hs256 } })
  origin.serve('a.txt', 'crow')

  assert.equal((await proxy.get('/b/a.txt', await bearer())).header('cache-control'), 'private')
})

test('fields that the bucket adds do not open it', async (t) => {
  const { proxy, origin } = await startProxy(t, {
    bucket: { jwt: hs256, headers: { add: { 'Cache-Control': 'public, max-age=5' } } },
  })
  origin.serve('a.txt', 'crow')

  assert.equal((await proxy.get('/b/a.txt', await bearer())).header('cache-control'), 'private, max-age=5')
})

test('downstream_cache_control has the last word', async (t) => {
  const { proxy, origin } = await startProxy(t, {
    bucket: { jwt: hs256, cache: { downstream_cache_control: 'public, max-age=5' } },
  })
  origin.serve('a.txt', 'crow', { headers: caching })

  assert.equal((await proxy.get('/b/a.txt', await bearer())).header('cache-control'), 'public, max-age=5')
})

test('a public bucket passes on what the origin said', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a.txt', 'crow', { headers: caching })

  assert.equal((await proxy.get('/b/a.txt')).header('cache-control'), caching['cache-control'])
})
