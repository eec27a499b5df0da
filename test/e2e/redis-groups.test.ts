/** The Redis tier over a Redis Cluster, and over a master that a sentinel watches. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { EpochMs } from '../../src/base/types.ts'
import type { RedisTier } from '../../src/cache/redis-tier.ts'
import { everything } from '../../src/cache/scope.ts'
import { bytesIn, idOf, objectOf, sliceIdOf, sliceOf } from '../support/cache-records.ts'
import { startRedisCluster, startRedisSentinel } from '../support/redis-groups.ts'
import {
  createTestTier,
  eventually,
  openTestTier,
  PurgeNewsLog,
  RedisEventLog,
  untilUsable,
} from '../support/redis-tier.ts'

const ids = Array.from({ length: 60 }, (_, index) => idOf(`${index}`))

async function putAll(tier: RedisTier): Promise<void> {
  await Promise.all(ids.map((id) => tier.put(id, objectOf('hello'))))
}

async function hits(tier: RedisTier): Promise<number> {
  const found = await Promise.all(ids.map((id) => tier.has(id).catch(() => false)))
  return found.filter((isThere) => isThere).length
}

async function startCluster(t: TestContext) {
  const nodes = await startRedisCluster(t)
  const [first, second, third] = nodes
  assert.ok(first && second && third)
  return { first, second, third, urls: nodes.map(({ server }) => server.url) }
}

test('a cluster is found from one of its nodes, and records lie on all of them', async (t) => {
  const { first, second, third, urls } = await startCluster(t)
  const keyPrefix = 'y:'
  const tier = await openTestTier({ url: first.server.url, keyPrefix, redis: { isCluster: true } })
  t.after(() => tier.close())
  await putAll(tier)
  assert.equal(await hits(tier), ids.length)
  await tier.put(sliceIdOf('big', 1), sliceOf(2 ** 20, 2 ** 30))
  assert.equal(bytesIn(await tier.get(sliceIdOf('big', 1)))?.byteLength, 2 ** 20)
  for (const { server } of [first, second, third]) assert.ok(Number(await server.ask('DBSIZE')) > 0)

  await tier.recount()
  assert.equal(tier.usage().items, ids.length + 1)

  const others = await openTestTier({ url: '', keyPrefix: 'z:', redis: { urls } })
  t.after(() => others.close())
  await putAll(others)
  await tier.put(idOf('1', 'mediaplus'), objectOf('x'))
  assert.equal((await tier.clear({ kind: 'bucket', bucket: 'media' })).entries, ids.length + 1)
  assert.equal((await tier.clear(everything)).entries, 1)
  assert.equal(await hits(others), ids.length)
})

test('purges are kept by the master whose clock everybody goes by, and heard from it', async (t) => {
  const { first, urls } = await startCluster(t)
  const news = new PurgeNewsLog()
  const [one, other] = await Promise.all([
    openTestTier({ url: '', keyPrefix: 'y:', redis: { urls } }),
    openTestTier({ url: '', keyPrefix: 'y:', redis: { urls }, news }),
  ])
  t.after(() => Promise.all([one.close(), other.close()]))
  await one.keep({ id: 'a', scope: everything, at: 0 as EpochMs, kind: 'hard' })
  assert.equal(await first.server.ask('CLUSTER', 'KEYSLOT', 'y::{06S}:purges'), 0)
  assert.equal(await first.server.ask('DBSIZE'), 1)
  await eventually(() => news.arrived.length === 1)
  assert.deepEqual((await one.clear(everything)).entries, 0)
  assert.equal(await first.server.ask('DBSIZE'), 1)
})

test('a key that moves to another node, or is about to, is found there', async (t) => {
  const { first, second, third, urls } = await startCluster(t)
  const tier = await openTestTier({ url: '', keyPrefix: '', redis: { urls } })
  t.after(() => tier.close())
  // {b} hashes to slot 3300, {c} to 7365: the first third and the second.
  const [moved, moving] = [idOf('x', '{b}'), idOf('x', '{c}')]
  assert.equal(await first.server.ask('CLUSTER', 'KEYSLOT', moved), 3300)
  assert.equal(await first.server.ask('CLUSTER', 'KEYSLOT', moving), 7365)
  for (const { server } of [third, first, second]) await server.ask('CLUSTER', 'SETSLOT', '3300', 'NODE', third.id)
  await third.server.ask('CLUSTER', 'SETSLOT', '7365', 'IMPORTING', second.id)
  await second.server.ask('CLUSTER', 'SETSLOT', '7365', 'MIGRATING', third.id)
  for (const id of [moved, moving]) {
    await tier.put(id, objectOf('hello'))
    assert.deepEqual(await tier.get(id), objectOf('hello'))
  }
  assert.equal(await third.server.ask('DBSIZE'), 2)
})

test('a node that dies costs its own keys, in time, and is used again when it is back', async (t) => {
  const { first, second, urls } = await startCluster(t)
  const options = { urls, operationTimeoutMs: 1000, connectTimeoutMs: 1000 }
  const tier = await openTestTier({ url: '', redis: options })
  t.after(() => tier.close())
  await putAll(tier)
  const lost = Number(await second.server.ask('DBSIZE'))
  await second.server.kill()
  const startMs = performance.now()
  await eventually(async () => (await hits(tier)) === ids.length - lost)
  await assert.rejects(tier.clear(everything))
  assert.ok(performance.now() - startMs < 10_000)
  await second.server.start()
  await eventually(() => tier.clear(everything).then(() => true))
  await eventually(async () => {
    await putAll(tier)
    return (await hits(tier)) === ids.length
  })
  assert.ok(Number(await first.server.ask('DBSIZE')) > 0)
  await eventually(async () => (await tier.clear(everything)).entries === ids.length)
})

test('a cluster that is gone as a whole can be closed, and comes back by itself', async (t) => {
  const { first, second, third, urls } = await startCluster(t)
  const events = new RedisEventLog()
  const options = { urls, operationTimeoutMs: 1000, connectTimeoutMs: 1000 }
  const tier = await openTestTier({ url: '', redis: options, events })
  t.after(() => tier.close())
  const [idle, busy] = [
    await openTestTier({ url: '', redis: options }),
    await openTestTier({ url: '', redis: options }),
  ]
  await putAll(busy)
  for (const { server } of [first, second, third]) await server.kill()
  await idle.close()
  await eventually(async () => (await hits(busy)) === 0)
  await busy.close()
  await eventually(async () => (await hits(tier)) === 0 && events.lines.length === 2)
  await assert.rejects(tier.get(idOf('1')))
  for (const { server } of [first, second, third]) await server.start()
  await untilUsable(tier)
  await eventually(() => putAll(tier).then(() => true))
  assert.deepEqual(
    events.lines.map((line) => line.split(':')[0]),
    ['connected', 'lost', 'connected'],
  )
})

test('the master a sentinel names is used, and after its death the one it names then', async (t) => {
  const { master, replica, sentinel } = await startRedisSentinel(t, 'sentinel-pw')
  const hosts = ['127.0.0.1:1', `127.0.0.1:${sentinel.port}`]
  const options = {
    urls: [],
    sentinel: { masterName: 'main', hosts, password: 'sentinel-pw' },
    operationTimeoutMs: 1000,
  }
  const tier = await openTestTier({ url: '', redis: options })
  t.after(() => tier.close())
  await tier.put(idOf('x'), objectOf('hello'))
  assert.equal(await master.ask('DBSIZE'), 1)
  await eventually(async () => (await replica.ask('DBSIZE')) === 1)
  await master.kill()
  await eventually(() => tier.put(idOf('y'), objectOf('after')).then(() => true), 20_000)
  assert.equal(bytesIn(await tier.get(idOf('x')))?.byteLength, 5)
  assert.equal(await replica.ask('DBSIZE'), 2)
})

test('a sentinel that is frozen, or knows no such master, is told as lost', async (t) => {
  const { sentinel } = await startRedisSentinel(t, 'sentinel-pw')
  const watched = (masterName: string) => ({
    urls: [],
    sentinel: { masterName, hosts: [`127.0.0.1:${sentinel.port}`], password: 'sentinel-pw' },
    connectTimeoutMs: 500,
  })
  const ask = async (masterName: string) => {
    const events = new RedisEventLog()
    const tier = createTestTier({ url: '', redis: watched(masterName), events })
    t.after(() => tier.close())
    await eventually(() => events.lines.length > 0)
    return events.lines[0] ?? ''
  }
  assert.match(await ask('nobody'), /^lost: All sentinels are unreachable/)
  sentinel.freeze()
  t.after(() => sentinel.thaw())
  assert.match(await ask('main'), /^lost: All sentinels are unreachable.*timed out/)
})
