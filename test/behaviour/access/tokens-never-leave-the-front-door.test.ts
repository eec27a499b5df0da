import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'
import { hs256, signedToken } from '../../support/tokens.ts'

const sources = [
  { type: 'query', name: 'token' },
  { type: 'header', name: 'X-Token' },
  { type: 'cookie', name: 'session' },
]

test('a token in the query is in no request to the origin, no cache key and no log line', async (t) => {
  const { proxy, origin } = await startProxy(t, {
    bucket: { jwt: { ...hs256, token_sources: sources }, cache: { query: 'all' } },
  })
  origin.serve('a.txt', 'crow')
  const [first, second] = [await signedToken({ sub: 'ann' }), await signedToken({ sub: 'ben' })]

  const miss = await proxy.get(`/b/a.txt?v=1&token=${first}`)
  const hit = await proxy.get(`/b/a.txt?token=${second}&v=1`)
  await proxy.get('/b/a.txt?token=crow')
  await proxy.untilLogged(3)

  assert.equal(miss.status, 200)
  assert.equal(hit.header('x-cache'), 'HIT')
  assert.deepEqual(
    origin.requests().map(({ query }) => query),
    ['v=1'],
  )
  assert.equal(JSON.stringify(proxy.log).includes('token='), false)
  assert.equal(JSON.stringify(proxy.log).includes(first), false)
})

test('a header that carries a token is never forwarded, whoever asks for it', async (t) => {
  const { proxy, origin } = await startProxy(t, {
    bucket: { jwt: { ...hs256, token_sources: sources }, headers: { forward: ['X-Token', 'Accept-Language'] } },
  })
  origin.serve('a.txt', 'crow', { headers: { vary: 'X-Token, Cookie' } })
  const token = await signedToken()
  const headers = { 'x-token': token, 'accept-language': 'de', cookie: 'session=crow' }

  for (const answer of [await proxy.get('/b/a.txt', { headers }), await proxy.get('/b/a.txt', { headers })]) {
    assert.equal(answer.status, 200)
  }

  assert.equal(origin.requests().length, 1)
  const [{ rawHeaders } = { rawHeaders: [] }] = origin.requests()
  assert.equal(rawHeaders.join('\n').includes(token), false)
  assert.equal(rawHeaders.join('\n').includes('session'), false)
  assert.equal(origin.requests()[0]?.headers['accept-language'], 'de')
})

test('the first source that has a token decides', async (t) => {
  const { proxy, origin } = await startProxy(t, { bucket: { jwt: { ...hs256, token_sources: sources } } })
  origin.serve('a.txt', 'crow')
  const token = await signedToken()
  const statusOf = async (path: string, headers = {}) => (await proxy.get(path, { headers })).status

  assert.equal(await statusOf('/b/a.txt', { cookie: `a=b; session=${token}` }), 200)
  assert.equal(await statusOf('/b/a.txt', { 'x-token': token, cookie: 'session=crow' }), 200)
  assert.equal(await statusOf('/b/a.txt', { 'x-token': 'crow', cookie: `session=${token}` }), 401)
  assert.equal(await statusOf('/b/a.txt?token=crow', { 'x-token': token }), 401)
  assert.equal(await statusOf('/b/a.txt', { authorization: `Bearer ${token}` }), 401)
})

test('who reads is told in the log', async (t) => {
  const { proxy, origin } = await startProxy(t, { bucket: { jwt: { ...hs256, token_sources: sources } } })
  origin.serve('a.txt', 'crow')

  await proxy.get(`/b/a.txt?token=${await signedToken({ sub: 'ann' })}`)
  await proxy.get('/b/a.txt')
  await proxy.untilLogged(2)

  assert.deepEqual(
    proxy.log.map(({ user, auth }) => [user, auth]),
    [
      ['ann', 'verified'],
      [undefined, 'no-token'],
    ],
  )
})
