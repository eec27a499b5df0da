/** Rate limits shared through Redis: counted together while it answers, by each process at once while it does not. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { systemRandom } from '../../src/base/random.ts'
import { createLocalLimiter } from '../../src/limits/local-limiter.ts'
import type { RateLimiter } from '../../src/limits/rate-limiter.ts'
import { startFakeRedis } from '../support/fake-redis.ts'
import { freePort } from '../support/free-port.ts'
import {
  algorithms,
  countAllowed,
  createTestLimiter,
  fixedLimit,
  isAllowed,
  openTestLimiter,
  refuseAll,
  untilShared,
} from '../support/rate-limits.ts'
import { startRedisCluster } from '../support/redis-groups.ts'
import { RedisProcess, startOwnRedis } from '../support/redis-server.ts'
import { eventually, operationTimeoutMs } from '../support/redis-tier.ts'

const keyPrefix = 'y:'
const impatient = { operationTimeoutMs }
/** What a busy machine may add to a timer. */
const slackMs = 200

/** With the product's deadline; `changes` is what it tells. */
async function openImpatient(t: TestContext, url: string, local: RateLimiter = refuseAll) {
  const changes: boolean[] = []
  const events = { fallback: (isLocal: boolean) => void changes.push(isLocal) }
  const limiter = await openTestLimiter(t, { url, keyPrefix, redis: impatient, events, local })
  return { limiter, changes }
}

function createLocal(): RateLimiter {
  return createLocalLimiter({ algorithm: 'token_bucket', windowMs: 1000 }, { clock: systemClock, random: systemRandom })
}

const one = { limit: fixedLimit(1e6), who: 'anybody' }

/** Fails unless the verdict is there without waiting. */
function decidesAtOnce(limiter: RateLimiter): boolean {
  return !(limiter.charge([one]) instanceof Promise)
}

for (const algorithm of algorithms) {
  test(`${algorithm}: two proxies let through together exactly what the limit says`, async (t) => {
    const { url } = await startOwnRedis(t)
    const limiters = [1, 2].map(() => openTestLimiter(t, { url, keyPrefix, algorithm }))
    const charge = { limit: fixedLimit(500), who: 'a' }
    const counts = (await Promise.all(limiters)).map((limiter) => countAllowed(limiter, 400, charge))
    const [first = 0, second = 0] = await Promise.all(counts)
    assert.equal(first + second, 500)
  })
}

test('nothing stays in Redis, nobody can be read there by name, and all of it lies together', async (t) => {
  const server = await startOwnRedis(t)
  const limiter = await openTestLimiter(t, { url: server.url, keyPrefix })
  await isAllowed(
    limiter,
    { limit: fixedLimit(10, 'global'), who: '' },
    { limit: fixedLimit(10, 'per_user'), who: 'anna' },
  )
  const keys = (await server.ask('KEYS', '*')) as string[]
  assert.equal(keys.length, 2)
  for (const key of keys) {
    assert.match(key, /^y:limits:\{rl\}:token_bucket:(?:global::|per_user::[\w-]{22})$/)
    assert.ok(Number(await server.ask('PTTL', key)) > 0, key)
    assert.ok(!key.includes('anna'))
  }
})

test('counts survive that the scripts of Redis are flushed', async (t) => {
  const server = await startOwnRedis(t)
  const limiter = await openTestLimiter(t, { url: server.url, keyPrefix })
  const charge = { limit: fixedLimit(10), who: 'a' }
  assert.equal(await countAllowed(limiter, 6, charge), 6)
  await server.ask('SCRIPT', 'FLUSH')
  assert.equal(await countAllowed(limiter, 6, charge), 4)
})

test('the limits of a request work on a cluster', async (t) => {
  const nodes = await startRedisCluster(t)
  const limiter = await openTestLimiter(t, { url: nodes[0]?.server.url ?? '', keyPrefix, redis: { isCluster: true } })
  const charges = [
    { limit: fixedLimit(5, 'global'), who: '' },
    { limit: fixedLimit(3), who: '192.0.2.1' },
    { limit: fixedLimit(9, 'bucket_per_ip', 'films'), who: '192.0.2.1' },
  ]
  const passed = []
  for (let time = 0; time < 5; time++) passed.push(await isAllowed(limiter, ...charges))
  assert.deepEqual(passed, [true, true, true, false, false])
})

test('without Redis at start each process counts for itself, at once, and together once Redis is there', async (t) => {
  const server = new RedisProcess(await freePort(), [])
  t.after(() => server.kill())
  const changes: boolean[] = []
  const events = { fallback: (isLocal: boolean) => void changes.push(isLocal) }
  const limiter = createTestLimiter(t, { url: server.url, keyPrefix, redis: impatient, events, local: createLocal() })
  const charge = { limit: fixedLimit(5), who: 'a' }
  assert.equal(await countAllowed(limiter, 10, charge), 5)
  assert.deepEqual(changes, [true])
  assert.ok(decidesAtOnce(limiter))
  await server.start()
  await eventually(async () => (await isAllowed(limiter, one)) && changes.length > 1)
  assert.deepEqual(changes, [true, false])
  // Redis has not been told of those.
  assert.equal(await countAllowed(limiter, 10, charge), 5)
})

for (const [what, fail, mend] of [
  ['killed', (server: RedisProcess) => server.kill(), (server: RedisProcess) => server.start()],
  ['frozen', async (server: RedisProcess) => server.freeze(), async (server: RedisProcess) => server.thaw()],
] as const) {
  test(`a Redis that is ${what} is waited for once, not at all after that, and used again when it is back`, async (t) => {
    const server = await startOwnRedis(t)
    const { limiter, changes } = await openImpatient(t, server.url)
    await fail(server)
    const startMs = performance.now()
    while (changes.length === 0) await limiter.charge([one])
    assert.ok(performance.now() - startMs < operationTimeoutMs + slackMs)
    // Long enough for trials: nobody waits for those either.
    while (performance.now() - startMs < 1600) {
      assert.ok(decidesAtOnce(limiter))
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.deepEqual(changes, [true])
    await mend(server)
    await untilShared(limiter)
    assert.deepEqual(changes.slice(0, 2), [true, false])
  })
}

test('a Redis that is lost leaves nobody with a new burst', async (t) => {
  const server = await startOwnRedis(t)
  const { limiter, changes } = await openImpatient(t, server.url, createLocal())
  const charge = { limit: fixedLimit(20), who: 'a' }
  assert.equal(await countAllowed(limiter, 15, charge), 15)
  await server.kill()
  assert.equal(await countAllowed(limiter, 15, charge), 5)
  assert.deepEqual(changes, [true])
})

test('what is no count in Redis is none, and what is no text there is decided without it', async (t) => {
  const server = await startOwnRedis(t)
  const limiter = await openTestLimiter(t, { url: server.url, keyPrefix })
  const charge = { limit: fixedLimit(2, 'global'), who: '' }
  const key = 'y:limits:{rl}:token_bucket:global::'
  for (const text of ['', 'nan 0 0', '-inf 0 0', 'crow', '1e400 1 1']) {
    await server.ask('SET', key, text)
    await limiter.charge([charge])
    assert.match(String(await server.ask('GET', key)), /^\d{13}\.?\d* [01] [01]$/, text)
  }
  await server.ask('DEL', key)
  await server.ask('LPUSH', key, 'crow')
  assert.equal(await isAllowed(limiter, charge), false) // what its local limiter says
})

for (const [what, reply] of [
  ['a text', '$4\r\ncrow\r\n'],
  ['nothing', '$-1\r\n'],
  ['a limit nobody asked about', '*3\r\n:9\r\n:1\r\n:1\r\n'],
  ['a third of a verdict', '*1\r\n:1\r\n'],
  ['two thirds of one', '*2\r\n:1\r\n:1\r\n'],
  ['a verdict without times', '*3\r\n:1\r\n$4\r\ncrow\r\n$4\r\ncrow\r\n'],
  ['an error', '-ERR crow\r\n'],
] as const) {
  test(`a Redis that answers with ${what} decides nothing`, async (t) => {
    const redis = await startFakeRedis(t, ([name]) => (name === 'evalsha' ? reply : 'ok'))
    const { limiter, changes } = await openImpatient(t, redis.url, createLocal())
    assert.equal(await countAllowed(limiter, 10, { limit: fixedLimit(5), who: 'a' }), 5)
    assert.equal(redis.commands.filter((command) => command.includes('evalsha')).length, 3)
    assert.deepEqual(changes, [true])
  })
}
