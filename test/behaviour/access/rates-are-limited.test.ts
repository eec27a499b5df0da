import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'
import { bearer, hs256 } from '../../support/tokens.ts'

const twoAtOnce = { requests_per_second: 1, burst_size: 2 }
const behind = { trusted_proxies: ['127.0.0.1'] }
const from = (address: string, headers = {}) => ({ headers: { 'x-forwarded-for': address, ...headers } })

test('a request too many is told when to come back, and is let in then', async (t) => {
  const { proxy, origin, clock } = await startProxy(t, { bucket: { rate_limit: { global: twoAtOnce } } })
  origin.serve('a.txt', 'crow')

  const answers = [await proxy.get('/b/a.txt'), await proxy.get('/b/a.txt'), await proxy.get('/b/a.txt')]

  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 429],
  )
  const [, , limited] = answers
  assert.equal(JSON.parse(limited?.text ?? '').error.code, 'RateLimited')
  assert.equal(limited?.header('retry-after'), '1')
  assert.equal(limited?.header('ratelimit-limit'), '2')
  assert.equal(limited?.header('ratelimit-remaining'), '0')
  assert.equal(limited?.header('ratelimit-reset'), '2')
  await clock.advance(1000)
  assert.equal((await proxy.get('/b/a.txt')).status, 200)
  assert.equal((await proxy.get('/b/a.txt')).status, 429)
  await proxy.untilLogged(5)
  assert.equal(await proxy.metric('yatagarasu_rate_limited_total', { bucket: 'b', scope: 'bucket' }), 2)
})

test('each address has its own count, and one of IPv6 shares it with its /64', async (t) => {
  const { proxy } = await startProxy(t, {
    server: behind,
    top: { rate_limiting: { enabled: true, per_ip: { requests_per_second: 1, burst_size: 1 } } },
  })
  const statusFrom = async (address: string) => (await proxy.get('/b/none.txt', from(address))).status

  assert.equal(await statusFrom('192.0.2.1'), 404)
  assert.equal(await statusFrom('192.0.2.1'), 429)
  assert.equal(await statusFrom('192.0.2.2'), 404)
  assert.equal(await statusFrom('2001:db8::1'), 404)
  assert.equal(await statusFrom('2001:db8::2'), 429)
  assert.equal(await statusFrom('2001:db8:0:1::1'), 404)
})

test('each user of a protected bucket has a count of its own, wherever it comes from', async (t) => {
  const { proxy, origin } = await startProxy(t, {
    server: behind,
    bucket: { jwt: hs256, rate_limit: { per_user: { requests_per_second: 1, burst_size: 1 } } },
  })
  origin.serve('a.txt', 'crow')
  const [ann, ben] = [(await bearer({ sub: 'ann' })).headers, (await bearer({ sub: 'ben' })).headers]

  assert.equal((await proxy.get('/b/a.txt', from('192.0.2.1', ann))).status, 200)
  assert.equal((await proxy.get('/b/a.txt', from('192.0.2.2', ann))).status, 429)
  assert.equal((await proxy.get('/b/a.txt', from('192.0.2.2', ben))).status, 200)
  assert.equal((await proxy.get('/b/a.txt', from('192.0.2.2'))).status, 401)
})

test('a request that one limit refuses is charged to no other', async (t) => {
  const { proxy } = await startProxy(t, {
    server: behind,
    top: { rate_limiting: { enabled: true, global: { requests_per_second: 1, burst_size: 3 } } },
    bucket: { rate_limit: { per_ip: { requests_per_second: 1, burst_size: 1 } } },
  })
  const statusFrom = async (address: string) => (await proxy.get('/b/none.txt', from(address))).status

  assert.deepEqual(
    [await statusFrom('192.0.2.1'), await statusFrom('192.0.2.1'), await statusFrom('192.0.2.1')],
    [404, 429, 429],
  )
  assert.deepEqual([await statusFrom('192.0.2.2'), await statusFrom('192.0.2.3')], [404, 404])
  assert.equal(await statusFrom('192.0.2.4'), 429)
})

test('health and readiness are asked as often as one likes', async (t) => {
  const { proxy } = await startProxy(t, {
    top: { rate_limiting: { enabled: true, global: { requests_per_second: 1, burst_size: 1 } } },
  })

  for (let i = 0; i < 5; i++) {
    assert.equal((await proxy.get('/health')).status, 200)
    assert.equal((await proxy.get('/ready')).status, 200)
  }
  assert.equal((await proxy.get('/b/none.txt')).status, 404)
})
