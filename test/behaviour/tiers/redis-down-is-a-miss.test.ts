import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import { startFakeOrigin } from '../../support/fake-origin.ts'
import { type RedisProcess, startOwnRedis } from '../../support/redis-server.ts'
import { type ProxyUnderTest, startProxyBefore } from '../../support/start-proxy.ts'
import { onRedis } from './rig.ts'

const isHit = async (proxy: ProxyUnderTest, key: string) => (await proxy.get(`/b/${key}`)).header('x-cache') === 'HIT'

/** Resolves when a hit comes out of Redis again. */
async function untilHit(proxy: ProxyUnderTest, key: string): Promise<void> {
  while (!(await isHit(proxy, key)));
}

test('a proxy starts and serves without Redis, and uses it as soon as it is there', async (t) => {
  const redis = await startOwnRedis(t)
  await redis.kill()
  const origin = await startFakeOrigin(t, { clock: systemClock })
  const proxy = await startProxyBefore(t, origin.endpoint, { cache: onRedis(redis.url), clock: systemClock })
  origin.serve('a', 'crow')

  for (let time = 0; time < 3; time++) {
    const answer = await proxy.get('/b/a')
    assert.deepEqual([answer.status, answer.text, answer.header('x-cache')], [200, 'crow', 'MISS'])
  }
  await redis.start()
  await untilHit(proxy, 'a')
  assert.ok((await proxy.metric('yatagarasu_cache_errors_total', { layer: 'redis' })) > 0)
})

for (const [what, fail, mend] of [
  ['killed', (redis: RedisProcess) => redis.kill(), (redis: RedisProcess) => redis.start()],
  ['frozen', async (redis: RedisProcess) => redis.freeze(), async (redis: RedisProcess) => redis.thaw()],
] as const) {
  test(`when Redis is ${what} no request fails or waits longer than one deadline, and hits come back by themselves`, async (t) => {
    const redis = await startOwnRedis(t)
    const origin = await startFakeOrigin(t, { clock: systemClock })
    const cache = onRedis(redis.url, { operation_timeout_ms: 300 })
    const proxy = await startProxyBefore(t, origin.endpoint, { cache, clock: systemClock })
    origin.serve('a', 'crow')
    await untilHit(proxy, 'a')

    const isLeftAlone = () =>
      proxy.log.some(({ layer, msg }) => layer === 'redis' && msg === 'cache tier is left alone for a while')

    await fail(redis)
    let slow = 0
    // What is on its way to Redis is served from there: how many requests it takes to see that it fails is chance.
    for (let time = 0; time < 30 || !isLeftAlone(); time++) {
      const startedMs = systemClock.monotonicMs()
      const answer = await proxy.get('/b/a')
      assert.deepEqual([answer.status, answer.text], [200, 'crow'])
      if (systemClock.monotonicMs() - startedMs > 250) slow++
    }
    assert.ok(slow <= 3, `${slow} requests waited for Redis`)
    await mend(redis)
    await untilHit(proxy, 'a')
  })
}
