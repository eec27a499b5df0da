/** The Redis tier while Redis is absent, dies, hangs, is full, or talks nonsense: always an answer in time, and back by itself. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EpochMs } from '../../src/base/types.ts'
import type { RedisTier } from '../../src/cache/redis-tier.ts'
import { everything } from '../../src/cache/scope.ts'
import { bytesIn, idOf, objectOf, sliceIdOf, sliceOf } from '../support/cache-records.ts'
import { freePort } from '../support/free-port.ts'
import { askRedis, RedisProcess, startOwnRedis } from '../support/redis-server.ts'
import {
  eventually,
  impatient,
  openTestTier,
  operationTimeoutMs,
  RedisEventLog,
  untilUsable,
} from '../support/redis-tier.ts'

/** What a busy machine may add to a timer. */
const slackMs = 200

const x = idOf('x')

/** Every operation rejects, within the deadline. */
async function assertAllFailInTime(tier: RedisTier): Promise<void> {
  const operations = [
    () => tier.get(x),
    () => tier.get(sliceIdOf('x', 1)),
    () => tier.has(x),
    () => tier.put(x, objectOf('later')),
    () => tier.put(x, objectOf(2 ** 20)),
    () => tier.remove(x),
    () => tier.clear(everything),
    () => tier.each(everything, () => undefined),
    () => tier.peek(x),
    () => tier.keep({ id: 'a', scope: everything, at: 0 as EpochMs, kind: 'hard' }),
  ]
  for (const operation of operations) {
    const startMs = performance.now()
    await assert.rejects(operation(), String(operation))
    const tookMs = performance.now() - startMs
    assert.ok(tookMs < operationTimeoutMs + slackMs, `${operation} took ${tookMs} ms`)
  }
}

test('a Redis absent at start costs nothing, and is used once it is there', async (t) => {
  const server = new RedisProcess(await freePort(), [])
  t.after(() => server.kill())
  const events = new RedisEventLog()
  const tier = impatient(t, { url: server.url, events })
  await assertAllFailInTime(tier)
  await eventually(() => events.lines.length > 0)
  await server.start()
  await eventually(() => tier.put(x, objectOf('hello')).then(() => true), 5000)
  assert.deepEqual(await tier.get(x), objectOf('hello'))
  assert.equal(events.lines.length, 2)
  assert.match(events.lines[0] ?? '', /^lost: connect ECONNREFUSED/)
  assert.equal(events.lines[1], 'connected')
})

test('a Redis that is killed and comes back gives hits again within five seconds, with one event for each change', async (t) => {
  const server = await startOwnRedis(t)
  const events = new RedisEventLog()
  const tier = impatient(t, { url: server.url, events })
  await untilUsable(tier)
  await tier.put(x, objectOf('hello'))
  await server.kill()
  await eventually(() =>
    tier.has(x).then(
      () => false,
      () => true,
    ),
  )
  for (let round = 0; round < 3; round++) await assertAllFailInTime(tier)
  await server.start()
  const backMs = performance.now()
  await eventually(() => tier.put(x, objectOf('again')).then(() => true), 5000)
  assert.deepEqual(await tier.get(x), objectOf('again'))
  assert.ok(performance.now() - backMs < 5000)
  assert.deepEqual(
    events.lines.map((line) => line.split(':')[0]),
    ['connected', 'lost', 'connected'],
  )
})

test('a frozen Redis costs one deadline at a time, then nothing, and is used again once it goes on', async (t) => {
  const server = await startOwnRedis(t)
  t.after(() => server.thaw())
  const tier = impatient(t, { url: server.url })
  await untilUsable(tier)
  await tier.put(x, objectOf('hello'))
  server.freeze()
  await assertAllFailInTime(tier)
  await eventually(() =>
    tier.get(x).then(
      () => false,
      (error: Error) => /not connected|not known/.test(error.message),
    ),
  )
  server.thaw()
  await eventually(() => tier.put(x, objectOf('again')).then(() => true), 5000)
  assert.deepEqual(await tier.get(x), objectOf('again'))
})

test('a Redis frozen before anybody came is given up and found again', async (t) => {
  const server = await startOwnRedis(t)
  server.freeze()
  t.after(() => server.thaw())
  const events = new RedisEventLog()
  const tier = impatient(t, { url: server.url, events })
  await assertAllFailInTime(tier)
  await eventually(() => events.lines.length > 0)
  assert.match(events.lines[0] ?? '', /^lost: Socket timeout/)
  server.thaw()
  await eventually(() => tier.put(x, objectOf('hello')).then(() => true), 5000)
})

test('what waits for a frozen Redis is bounded', async (t) => {
  const server = await startOwnRedis(t)
  t.after(() => server.thaw())
  const tier = impatient(t, { url: server.url })
  await untilUsable(tier)
  server.freeze()
  const slice = sliceOf(2 ** 20, 2 ** 30)
  const puts = Array.from({ length: 40 }, (_, index) => tier.put(sliceIdOf('big', index), slice))
  const outcomes = await Promise.allSettled(puts)
  const reasons = outcomes.map((outcome) => (outcome.status === 'rejected' ? (outcome.reason as Error).message : ''))
  assert.equal(reasons.filter((reason) => /too much waits/.test(reason)).length, 9)
  assert.equal(reasons.filter((reason) => /within 250 ms/.test(reason)).length, 31)
})

test('a Redis without room refuses writes, not reads and removals', async (t) => {
  const server = await startOwnRedis(t)
  const tier = await openTestTier({ url: server.url })
  t.after(() => tier.close())
  await tier.put(x, objectOf('hello'))
  await server.ask('CONFIG', 'SET', 'maxmemory', '1')
  await assert.rejects(tier.put(idOf('y'), objectOf('y')), { name: 'RedisFailure', kind: 'refused', code: 'OOM' })
  assert.deepEqual(await tier.get(x), objectOf('hello'))
  assert.equal((await tier.remove(x)).entries, 1)
  await server.ask('CONFIG', 'SET', 'maxmemory', '0')
  await tier.put(idOf('y'), objectOf('y'))
})

test('a Redis that evicts keeps to its bound, and what it evicted is a miss', async (t) => {
  const server = await startOwnRedis(t, ['--maxmemory', '8mb', '--maxmemory-policy', 'allkeys-lru'])
  const tier = await openTestTier({ url: server.url })
  t.after(() => tier.close())
  for (let index = 0; index < 20; index++) await tier.put(idOf(`${index}`), objectOf(2 ** 20))
  const present = await Promise.all(Array.from({ length: 20 }, (_, index) => tier.get(idOf(`${index}`))))
  const kept = present.filter((record) => record !== undefined)
  assert.ok(kept.length > 0 && kept.length < 8, `${kept.length} kept`)
  for (const record of kept) assert.equal(bytesIn(record)?.byteLength, 2 ** 20)
})

test('a wrong password is told once, without the password, and a corrected one is taken up', async (t) => {
  const server = await startOwnRedis(t, ['--requirepass', 'right-password'])
  const events = new RedisEventLog()
  const tier = impatient(t, { url: server.url, events, redis: { password: 'wrong-password' } })
  await eventually(() => events.lines.length > 0)
  await assertAllFailInTime(tier)
  assert.equal(events.lines.length, 1)
  assert.match(events.lines[0] ?? '', /^lost: WRONGPASS/)
  assert.doesNotMatch(events.lines.join(), /wrong-password/)
  const url = server.url.replace('//', '//:right-password@')
  await askRedis(url, 'CONFIG', 'SET', 'requirepass', 'wrong-password')
  await eventually(() => tier.put(x, objectOf('hello')).then(() => true), 5000)
})

test('no failure carries what was sent: a password, or a body', async (t) => {
  const server = await startOwnRedis(t)
  await server.ask('CONFIG', 'SET', 'maxmemory', '1')
  const tier = await openTestTier({ url: server.url })
  t.after(() => tier.close())
  const failure = await tier.put(x, objectOf('the body')).catch((error: unknown) => error)
  assert.ok(failure instanceof Error)
  assert.equal(failure.cause, undefined)
  assert.deepEqual(Object.keys(failure).sort(), ['code', 'kind', 'name'])
})
