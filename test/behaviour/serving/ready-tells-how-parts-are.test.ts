import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { request } from 'undici'
import { systemClock } from '../../../src/base/clock.ts'
import { administered, adminOf } from '../../support/administration.ts'
import { startFakeOrigin } from '../../support/fake-origin.ts'
import { startOwnRedis } from '../../support/redis-server.ts'
import { passSeconds } from '../../support/replicas.ts'
import { type ProxyUnderTest, startProxy, startProxyBefore } from '../../support/start-proxy.ts'
import { keys, say, startKeyServer } from '../access/key-server.ts'
import { onRedis } from '../tiers/rig.ts'

const once = { retry: { max_attempts: 1 } }

// biome-ignore lint/suspicious/noExplicitAny: an answer as its test expects it
type Page = any

async function readyOf(listener: string): Promise<{ readonly code: number; readonly page: Page }> {
  const { statusCode: code, body } = await request(`${listener}/ready`)
  return { code, page: await body.json() }
}

/** What everybody is told, which is never more than the word. */
async function wordOf({ main }: ProxyUnderTest): Promise<string> {
  const { code, page } = await readyOf(main)
  assert.deepEqual([code, Object.keys(page)], [200, ['status']])
  return page.status
}

async function untilStatus(proxy: ProxyUnderTest, status: string, meanwhile = async () => {}): Promise<Page> {
  for (;;) {
    const { page } = await readyOf(proxy.metrics)
    if (page.status === status) return page
    await meanwhile()
    await turn()
  }
}

test('all is well: each part has a row, but not for everybody', async (t) => {
  const { proxy, clock } = await startProxy(t)
  const row = { state: 'ok', since: new Date(clock.now()).toISOString(), last_error: null }

  assert.equal(await wordOf(proxy), 'ready')
  assert.deepEqual(await readyOf(proxy.metrics), {
    code: 200,
    page: { status: 'ready', origins: { b: row }, tiers: { memory: row }, audit: {}, jwks: {} },
  })
})

test('an origin that does not answer is degraded, since when and why, until it answers', async (t) => {
  const { proxy, origin, clock } = await startProxy(t, { s3: once, top: administered })
  origin.serve('a', 'crow')
  await proxy.get('/b/a')
  const { page: before } = await readyOf(proxy.metrics)
  assert.equal(typeof before.origins.b.response_ms.mean, 'number')

  await origin.stop()
  await clock.advance(60_000)
  const since = new Date(clock.now()).toISOString()
  await proxy.get('/b/other')
  const { code, page } = await readyOf(proxy.metrics)
  assert.deepEqual([code, page.status, await wordOf(proxy)], [200, 'degraded', 'degraded'])
  const { state, since: from, last_error: error } = page.origins.b
  assert.deepEqual([state, from, error.at], ['degraded', since, since])
  assert.match(error.message, /could not connect \(ECONNREFUSED\)/)
  const { json } = await (await adminOf(proxy))('GET', '/status')
  assert.equal(json.status, 'degraded')
  assert.deepEqual(json.origins.b.last_error, error)

  await origin.start()
  await clock.advance(60_000)
  await proxy.get('/b/a?again', { headers: { 'cache-control': 'no-cache' } })
  const { page: after } = await readyOf(proxy.metrics)
  assert.deepEqual([after.status, await wordOf(proxy)], ['ready', 'ready'])
  assert.deepEqual([after.origins.b.since, after.origins.b.last_error], [new Date(clock.now()).toISOString(), error])
})

test('an origin that is left alone is degraded until its breaker has closed', async (t) => {
  const { proxy, origin, clock } = await startProxy(t, { s3: once })
  const object = origin.serve('a', 'crow')
  object.failWith(500, 'InternalError')
  await proxy.get('/b/a')
  assert.equal(await wordOf(proxy), 'ready')
  for (let time = 0; time < 4; time++) await proxy.get('/b/a')
  const { page } = await readyOf(proxy.metrics)
  assert.deepEqual([page.status, page.origins.b.last_error.message], ['degraded', 'a request was answered with 500'])

  object.recover()
  await passSeconds(clock, 10, () => wordOf(proxy))
  await proxy.get('/b/a')
  assert.equal(await wordOf(proxy), 'ready')
})

test('a tier whose Redis is gone is degraded until it is back', async (t) => {
  const redis = await startOwnRedis(t)
  const origin = await startFakeOrigin(t, { clock: systemClock })
  const proxy = await startProxyBefore(t, origin.endpoint, { cache: onRedis(redis.url), clock: systemClock })
  let count = 0
  const read = async () => {
    count += 1
    origin.serve(`${count}`, 'crow')
    await proxy.get(`/b/${count}`)
  }
  await untilStatus(proxy, 'ready', read)

  await redis.kill()
  const { tiers } = await untilStatus(proxy, 'degraded')
  assert.equal(tiers.redis.state, 'degraded')
  assert.equal(typeof tiers.redis.last_error.message, 'string')

  await redis.start()
  await untilStatus(proxy, 'ready', read)
})

test('a provider whose keys cannot be fetched is degraded until they can, and is called by its URL without the query', async (t) => {
  const server = await startKeyServer(t)
  server.answer = say('down', 503)
  const { proxy, clock } = await startProxy(t, { bucket: { jwt: { jwks_url: server.url } } })
  const name = server.url.replace(/\?.*/, '')

  const { jwks } = await untilStatus(proxy, 'degraded')
  assert.deepEqual(Object.keys(jwks), [name])
  assert.match(jwks[name].last_error.message, /503/)

  server.answer = keys('a')
  await clock.advance(30_000)
  await untilStatus(proxy, 'ready')
})

test('parts that a reload removes leave with what was held against them, and new ones join', async (t) => {
  const { proxy, origin } = await startProxy(t, { s3: once, bucket: { name: 'old' } })
  await origin.stop()
  for (let time = 0; time < 5; time++) await proxy.get(`/b/${time}`)
  const state = () => proxy.metric('yatagarasu_circuit_breaker_state', { bucket: 'old' })
  assert.deepEqual([await wordOf(proxy), await state()], ['degraded', 1])

  await proxy.reload({ s3: once, bucket: { name: 'new' } })

  const { page } = await readyOf(proxy.metrics)
  assert.deepEqual([page.status, Object.keys(page.origins)], ['ready', ['new']])
  assert.equal(await state(), 0)
})

test('while requests are under way at the end it is unavailable, and rows are still told inside', async (t) => {
  const { proxy, origin } = await startProxy(t, { server: { shutdown_timeout_seconds: 20 } })
  const held = origin.serve('a', 'crow').holdAt(2)
  const { body } = await request(`${proxy.main}/b/a`)
  await held.reached

  const stopped = proxy.stop()
  await untilStatus(proxy, 'unavailable')
  const { code, page } = await readyOf(proxy.metrics)
  assert.deepEqual([code, page.origins.b.state], [503, 'ok'])

  held.release()
  assert.equal(await body.text(), 'crow')
  await stopped
})

test('where a bucket has moved to another origin, what its former one did is held against nobody', async (t) => {
  const { proxy, origin } = await startProxy(t, { s3: once })
  const next = await startFakeOrigin(t)
  await origin.stop()
  await proxy.get('/b/a')
  assert.equal(await wordOf(proxy), 'degraded')

  await proxy.reload({ s3: { ...once, timeout_seconds: 10 } })
  assert.equal(await wordOf(proxy), 'degraded')
  await proxy.reload({ s3: once }, next.endpoint)

  const { page } = await readyOf(proxy.metrics)
  assert.deepEqual([page.status, page.origins.b.state], ['ready', 'ok'])
  assert.match(page.origins.b.last_error.message, /ECONNREFUSED/)
})
