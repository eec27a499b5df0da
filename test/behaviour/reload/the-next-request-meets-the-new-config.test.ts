import assert from 'node:assert/strict'
import { test } from 'node:test'
import { administered, adminOf } from '../../support/administration.ts'
import { startFakeOrigin } from '../../support/fake-origin.ts'
import { startProxy } from '../../support/start-proxy.ts'
import { bearer, hs256 } from '../../support/tokens.ts'
import { MiB } from '../streaming/rig.ts'

test('buckets come and go, and what is cached stays', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a', 'crow')
  await proxy.get('/b/a')

  const { generation, restartRequired } = await proxy.reload({ bucket: { path_prefix: '/moved' } })

  assert.deepEqual([generation, restartRequired], [2, []])
  assert.equal((await proxy.get('/b/a')).status, 404)
  assert.equal((await proxy.get('/moved/a')).header('x-cache'), 'HIT')
  assert.equal(await proxy.metric('yatagarasu_config_generation'), 2)
  assert.equal(await proxy.metric('yatagarasu_config_reloads_total', { outcome: 'applied' }), 1)
})

test('a shorter time to live holds for what was stored before', async (t) => {
  const { proxy, origin, clock } = await startProxy(t)
  origin.serve('a', 'crow')
  await proxy.get('/b/a')
  await clock.advance(100_000)
  assert.equal((await proxy.get('/b/a')).header('x-cache'), 'HIT')

  await proxy.reload({ bucket: { cache: { ttl_seconds: 60 } } })

  assert.equal((await proxy.get('/b/a')).header('x-cache'), 'REVALIDATED')
})

test('a bucket that asks for a token from now on asks for it at the next request, cached or not', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a', 'crow')
  await proxy.get('/b/a')

  await proxy.reload({ bucket: { jwt: hs256 } })

  assert.equal((await proxy.get('/b/a')).status, 401)
  const known = await proxy.get('/b/a', await bearer())
  assert.deepEqual([known.status, known.header('x-cache')], [200, 'HIT'])
  await proxy.reload({ bucket: { jwt: { ...hs256, secret: 'another secret of thirty-two bytes.' } } })
  assert.equal((await proxy.get('/b/a', await bearer())).status, 401)
})

test('a request under way ends under the config it began with, and its origin is left when it has ended', async (t) => {
  const { proxy, origin } = await startProxy(t)
  const next = await startFakeOrigin(t)
  next.serve('b', 'raven')
  const held = origin.serve('a', 'crow').holdAt(2)
  const early = proxy.get('/b/a')
  await held.reached

  await proxy.reload({ bucket: { path_prefix: '/n' } }, next.endpoint)

  assert.equal((await proxy.get('/n/b')).text, 'raven')
  assert.equal(origin.openConnections, 1)
  held.release()
  assert.equal((await early).text, 'crow')
  while (origin.openConnections > 0) await proxy.metric('yatagarasu_active_requests')
})

test('nobody waits for what the origin of an older config is asked', async (t) => {
  const { proxy, origin } = await startProxy(t)
  const next = await startFakeOrigin(t)
  next.serve('a', 'raven')
  const held = origin.serve('a', 'crow').holdAt(2)
  const early = proxy.get('/b/a')
  await held.reached

  await proxy.reload({}, next.endpoint)

  assert.equal((await proxy.get('/b/a')).text, 'raven')
  held.release()
  assert.equal((await early).text, 'crow')
})

test('nobody reads along with a reader under an older config, whose origin is left with it', async (t) => {
  const { proxy, origin } = await startProxy(t)
  const size = 4 * 1024 * 1024
  const held = origin.serve('film', 'x'.repeat(size)).holdAt(size / 2)
  const leaving = new AbortController()
  const early = await proxy.open('/b/film', { signal: leaving.signal })
  await held.reached

  await proxy.reload({ s3: { timeout_seconds: 7 } })

  const late = await proxy.open('/b/film')
  early.body.on('error', () => {})
  leaving.abort()
  await proxy.untilLogged(1)
  held.release()
  assert.equal((await late.body.arrayBuffer()).byteLength, size)
})

test('breakers of an origin that was replaced are no news any more', async (t) => {
  const careful = { retry: { max_attempts: 1 }, circuit_breaker: { failure_threshold: 1 } }
  const { proxy, origin } = await startProxy(t, { s3: careful })
  const next = await startFakeOrigin(t)
  const held = origin.serve('a', 'crow').holdAt(2)
  const early = proxy.get('/b/a')
  await held.reached

  await proxy.reload({ s3: careful }, next.endpoint)

  await origin.stop()
  assert.equal((await early).status, 502)
  assert.equal(await proxy.metric('yatagarasu_circuit_breaker_state', { bucket: 'b' }), 0)
})

test('a breaker that is open is left behind with its origin', async (t) => {
  const careful = { retry: { max_attempts: 1 }, circuit_breaker: { failure_threshold: 1 } }
  const { proxy, origin } = await startProxy(t, { s3: careful })
  const next = await startFakeOrigin(t)
  await origin.stop()
  await proxy.get('/b/a')
  assert.equal(await proxy.metric('yatagarasu_circuit_breaker_state', { bucket: 'b' }), 1)

  await proxy.reload({ s3: careful }, next.endpoint)

  assert.equal(await proxy.metric('yatagarasu_circuit_breaker_state', { bucket: 'b' }), 0)
})

test('an administration with an address of its own never answers on the main listener', async (t) => {
  const { proxy } = await startProxy(t)

  const { restartRequired } = await proxy.reload({ top: { admin: { ...administered.admin, address: '127.0.0.1:0' } } })

  assert.deepEqual(restartRequired, ['admin.address'])
  const asked = await (await adminOf(proxy))('GET', '/status')
  assert.equal(asked.status, 404)
})

test('limits go on counting, and change their height', async (t) => {
  const limited = (burst: number) => ({
    bucket: { rate_limit: { per_ip: { requests_per_second: 0.001, burst_size: burst } } },
  })
  const { proxy, origin } = await startProxy(t, limited(3))
  origin.serve('a', 'crow')
  for (let request = 0; request < 2; request++) await proxy.get('/b/a')

  await proxy.reload(limited(3))

  assert.equal((await proxy.get('/b/a')).status, 200)
  assert.equal((await proxy.get('/b/a')).status, 429)
})

test('what a running process keeps is named', async (t) => {
  const { proxy } = await startProxy(t)

  const { restartRequired } = await proxy.reload({
    server: { address: '127.0.0.1:1' },
    cache: { memory: { max_cache_size_mb: 32 } },
    top: { logging: { level: 'warn' } },
  })

  assert.deepEqual(restartRequired, ['server.address', 'cache.memory.max_cache_size_mb'])
})

test('a new memory budget holds at once, over the tiers as they were opened', async (t) => {
  const memory = (budget: number, tier: number) => ({
    server: { memory_budget_mb: budget },
    cache: { memory: { max_cache_size_mb: tier } },
  })
  const { proxy } = await startProxy(t, memory(48, 24))
  const budgets = () =>
    Promise.all(['cache', 'fills'].map((part) => proxy.metric('yatagarasu_memory_budget_bytes', { part })))

  assert.deepEqual((await proxy.reload(memory(64, 24))).restartRequired, [])
  assert.deepEqual(await budgets(), [24 * MiB, 40 * MiB])
  assert.deepEqual((await proxy.reload(memory(64, 10))).restartRequired, ['cache.memory.max_cache_size_mb'])
  assert.deepEqual(await budgets(), [24 * MiB, 40 * MiB])
  await proxy.reload(memory(32, 10))
  assert.deepEqual(await budgets(), [24 * MiB, 16 * MiB])
})
