import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'
import { bearer, hs256 } from '../../support/tokens.ts'

const settings = { bucket: { jwt: { ...hs256, claims: [{ claim: 'role', operator: 'in', value: ['reader'] }] } } }

for (const [what, options, status, code, challenge] of [
  ['no token', async () => ({}), 401, 'TokenRequired', 'Bearer'],
  ['a token that is none', async () => wrong, 401, 'TokenInvalid', 'Bearer error="invalid_token"'],
  [
    'a foreign token',
    () => bearer({ role: 'reader' }, 'another secret'),
    401,
    'TokenInvalid',
    'Bearer error="invalid_token"',
  ],
  ['a token without the claim', () => bearer({ role: 'writer' }), 403, 'ClaimDenied', undefined],
] as const) {
  test(`${what} is answered ${status}, and neither cache nor origin hears of it`, async (t) => {
    const { proxy, origin } = await startProxy(t, settings)
    origin.serve('a.txt', 'crow')

    const answer = await proxy.get('/b/a.txt', await options())

    assert.equal(answer.status, status)
    assert.equal(JSON.parse(answer.text).error.code, code)
    assert.equal(answer.header('www-authenticate'), challenge)
    assert.equal(answer.header('cache-control'), 'no-store')
    assert.equal(answer.header('referrer-policy'), 'no-referrer')
    assert.equal(answer.header('x-cache'), undefined)
    assert.equal(origin.requests().length, 0)
    assert.equal(await proxy.metric('yatagarasu_cache_misses_total'), 0)
  })
}

test('a cached object is no more open than one that is not', async (t) => {
  const { proxy, origin } = await startProxy(t, settings)
  origin.serve('a.txt', 'crow')
  await proxy.get('/b/a.txt', await bearer({ role: 'reader' }))

  const [anybody, reader] = [await proxy.get('/b/a.txt'), await proxy.get('/b/a.txt', await bearer({ role: 'reader' }))]

  assert.equal(anybody.status, 401)
  assert.equal(reader.text, 'crow')
  assert.equal(reader.header('x-cache'), 'HIT')
})

test('a token is as good as its time: an hour later it is turned down', async (t) => {
  const { proxy, origin, clock } = await startProxy(t, settings)
  origin.serve('a.txt', 'crow')
  const reader = await bearer({ role: 'reader', exp: clock.now() / 1000 + 3600 })

  assert.equal((await proxy.get('/b/a.txt', reader)).status, 200)
  await clock.advance(3600_000 + 29_000) // within the leeway of 30 s
  assert.equal((await proxy.get('/b/a.txt', reader)).status, 200)
  await clock.advance(2_000)
  assert.equal((await proxy.get('/b/a.txt', reader)).status, 401)
})

test('every outcome is counted', async (t) => {
  const { proxy, origin } = await startProxy(t, settings)
  origin.serve('a.txt', 'crow')

  for (const options of [{}, wrong, await bearer({ role: 'writer' }), await bearer({ role: 'reader' })]) {
    await proxy.get('/b/a.txt', options)
  }
  await proxy.untilLogged(4)

  for (const outcome of ['no-token', 'malformed', 'denied', 'verified']) {
    assert.equal(await proxy.metric('yatagarasu_auth_total', { bucket: 'b', outcome }), 1, outcome)
  }
})

const wrong = { headers: { authorization: 'Bearer crow' } }
