/** Purges that proxies tell each other through a real redis-server. */

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, type TestContext, test } from 'node:test'
import type { EpochMs, RecordId } from '../../src/base/types.ts'
import { CacheKey } from '../../src/cache/cache-key.ts'
import type { Purge } from '../../src/cache/purge.ts'
import { PurgeLog } from '../../src/cache/purge-log.ts'
import { encodePurge } from '../../src/cache/redis-purge-text.ts'
import { everything, type Scope } from '../../src/cache/scope.ts'
import { idOf, objectOf } from '../support/cache-records.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { createFakeRandom } from '../support/fake-random.ts'
import { freePort } from '../support/free-port.ts'
import { RedisProcess, startOwnRedis } from '../support/redis-server.ts'
import { createTestTier, eventually, openTestTier, PurgeNewsLog, type RedisTierChoice } from '../support/redis-tier.ts'

const server = await startOwnRedis({ after })
const { url } = server
const hourMs = 3_600_000
const dayMs = 24 * hourMs
/** What a busy machine may add to what is told at once. */
const slackMs = 10_000

let prefixes = 0
const freshPrefix = () => `purges-${prefixes++}:`
const purgesKey = (keyPrefix: string) => `${keyPrefix}:{06S}:purges`

function purgeOf(scope: Scope, kind: Purge['kind'] = 'hard'): Purge {
  return { id: randomUUID(), scope, at: 0 as EpochMs, kind }
}

const ofObject = (object: string) => purgeOf({ kind: 'object', id: idOf(object) })

/** As if somebody had ordered it then. */
async function write(keyPrefix: string, at: number, text = encodePurge(ofObject('x'))): Promise<void> {
  await server.ask('ZADD', purgesKey(keyPrefix), String(Math.round(at)), text)
}

/** A proxy of its own clock that has heard all there is. */
async function join(t: TestContext, choice: Partial<RedisTierChoice> & { readonly keyPrefix: string }, from?: number) {
  const clock = new FakeClock(Date.now())
  const news = new PurgeNewsLog(from as EpochMs | undefined)
  const tier = await openTestTier({ url, clock, news, ...choice })
  t.after(() => tier.close())
  return { tier, clock, news }
}

const scopes: readonly Scope[] = [
  everything,
  { kind: 'bucket', bucket: 'media' },
  { kind: 'object', id: new CacheKey('media', 'a:b é', 'w=1').id },
  { kind: 'prefix', start: 'media:films/' },
  { kind: 'tag', tag: 'a "tag"' },
  { kind: 'tag', bucket: 'media', tag: 'red' },
]

for (const aheadMs of [-hourMs, hourMs]) {
  test(`what one proxy keeps another whose clock is ${aheadMs} ms ahead hears in a second, once, in its own time`, async (t) => {
    const keyPrefix = freshPrefix()
    const one = await join(t, { keyPrefix })
    const clock = new FakeClock(Date.now() + aheadMs)
    const { news } = await join(t, { keyPrefix, clock })
    const purges = [...scopes.map((scope) => purgeOf(scope)), purgeOf(everything, 'soft')]
    for (const purge of purges) await one.tier.keep(purge)
    await clock.advance(1000)
    await eventually(() => news.arrived.length === purges.length)
    for (const purge of purges) {
      const heard = news.arrived.find(({ id }) => id === purge.id)
      assert.deepEqual({ ...heard, at: 0 }, purge)
      const lateMs = (heard?.at ?? 0) - clock.now()
      assert.ok(lateMs > -1000 && lateMs < slackMs, `${lateMs} ms late`)
    }
    const { until } = news
    await clock.advance(1000)
    await eventually(() => news.until !== until)
    assert.equal(news.arrived.length, purges.length)
    assert.equal(news.remembered.length, 0)
    assert.equal(one.news.arrived.length, 0)
  })
}

test('a proxy hears nothing of its own purges', async (t) => {
  const keyPrefix = freshPrefix()
  const { tier, clock, news } = await join(t, { keyPrefix })
  await tier.keep(ofObject('x'))
  const { until } = news
  await clock.advance(1000)
  await eventually(() => news.until !== until)
  assert.deepEqual([news.arrived, news.remembered], [[], []])
})

test('a purge that came from Redis is not written there again', async (t) => {
  const keyPrefix = freshPrefix()
  const keptAgain: Promise<void>[] = []
  const news = new PurgeNewsLog()
  news.purges.arrived = (purge) => void keptAgain.push(two.tier.keep(purge))
  const two = await join(t, { keyPrefix, news })
  const purge = ofObject('x')
  await write(keyPrefix, Date.now() + 100, encodePurge(purge))
  const score = await server.ask('ZSCORE', purgesKey(keyPrefix), encodePurge(purge))
  await two.clock.advance(1000)
  await eventually(() => keptAgain.length === 1)
  await Promise.all(keptAgain)
  assert.equal(await server.ask('ZSCORE', purgesKey(keyPrefix), encodePurge(purge)), score)
})

const beginnings: readonly (readonly [what: string, syncedAgoMs: number | undefined, agoMs: number, told: string])[] = [
  ['without a disk, what was purged before it began', undefined, hourMs, 'remembered'],
  ['without a disk, what was purged since it began', undefined, -hourMs, 'arrived'],
  ['whose disk has seen it', hourMs / 2, hourMs, 'remembered'],
  ['whose disk was away since', 2 * hourMs, hourMs, 'arrived'],
  ['whose disk comes from a Redis with another clock, what was purged since it began', -dayMs, -hourMs, 'arrived'],
]

for (const [what, syncedAgoMs, agoMs, told] of beginnings) {
  test(`for a proxy ${what} has ${told === 'arrived' ? 'just arrived' : 'been there before'}`, async (t) => {
    const keyPrefix = freshPrefix()
    await write(keyPrefix, Date.now() - agoMs)
    const syncedAt = syncedAgoMs === undefined ? undefined : Date.now() - syncedAgoMs
    const { news } = await join(t, { keyPrefix }, syncedAt)
    assert.deepEqual([news.arrived.length, news.remembered.length], told === 'arrived' ? [1, 0] : [0, 1])
    assert.ok(Math.abs((news.until ?? 0) - Date.now()) < slackMs)
  })
}

test('thousands of purges are all heard before the first read', async (t) => {
  const keyPrefix = freshPrefix()
  const script = `for i = 1, 2500 do redis.call('ZADD', KEYS[1], ARGV[1] + i % 2, string.format(ARGV[2], i)) end`
  const text = '{"format":1,"id":"%d","kind":"hard","scope":{"kind":"tag","tag":"%%d"}}'.replace('%%d', 'red')
  await server.ask('EVAL', script, '1', purgesKey(keyPrefix), String(Date.now() - hourMs), text)
  const { news } = await join(t, { keyPrefix })
  assert.equal(new Set(news.remembered.map(({ id }) => id)).size, 2500)
})

test('a purge cannot be kept while Redis is away, and can be afterwards', async (t) => {
  const away = new RedisProcess(await freePort(), [])
  t.after(() => away.kill())
  const tier = createTestTier({ url: away.url, keyPrefix: 'y:' })
  t.after(() => tier.close())
  const purge = ofObject('x')
  await assert.rejects(tier.keep(purge), { name: 'RedisFailure', kind: 'not-connected' })
  await away.start()
  await eventually(() => tier.keep(purge).then(() => true))
  assert.deepEqual(await away.ask('ZRANGE', purgesKey('y:'), '0', '-1'), [encodePurge(purge)])
})

test('a Redis that was restarted empty has forgotten purges, and keeps new ones', async (t) => {
  const own = await startOwnRedis(t)
  const keyPrefix = 'y:'
  const { tier, news, clock } = await join(t, { url: own.url, keyPrefix })
  await tier.keep(ofObject('x'))
  await own.kill()
  await own.start()
  const purge = ofObject('y')
  await eventually(async () => {
    await clock.advance(100)
    return tier.keep(purge).then(() => true)
  })
  await eventually(() => tier.get(idOf('x')).then(() => true))
  assert.deepEqual(news.arrived, [])
  assert.deepEqual(await own.ask('ZRANGE', purgesKey(keyPrefix), '0', '-1'), [encodePurge(purge)])
})

test('with a new connection everything is heard that is new, however old its time', async (t) => {
  const own = await startOwnRedis(t)
  const keyPrefix = 'y:'
  const purges = [ofObject('old'), ofObject('new')]
  const text = purges.map(encodePurge)
  await own.ask('ZADD', purgesKey(keyPrefix), String(Date.now() - hourMs), text[0] ?? '')
  const news = new PurgeNewsLog()
  const tier = await openTestTier({ url: own.url, keyPrefix, news })
  t.after(() => tier.close())
  assert.equal(news.remembered.length, 1)
  await own.ask('ZADD', purgesKey(keyPrefix), String(Date.now() - hourMs), text[1] ?? '')
  await own.ask('CLIENT', 'KILL', 'TYPE', 'normal')
  await eventually(() => news.arrived.length > 0)
  await eventually(() => tier.get(idOf('x')).then(() => true))
  assert.deepEqual(
    news.arrived.map(({ id }) => id),
    [purges[1]?.id],
  )
})

test('while purges cannot be heard records are read for five seconds, and no longer', async (t) => {
  const keyPrefix = freshPrefix()
  const { tier, clock } = await join(t, { keyPrefix })
  await tier.put(idOf('x'), objectOf('hello'))
  await server.ask('SET', purgesKey(keyPrefix), 'no sorted set')
  await clock.advance(4500)
  assert.deepEqual(await tier.get(idOf('x')), objectOf('hello'))
  await clock.advance(1000)
  await assert.rejects(tier.get(idOf('x')), { code: 'WRONGTYPE' })
  await assert.rejects(tier.has(idOf('x')), { code: 'WRONGTYPE' })
  await assert.rejects(tier.peek(idOf('x')), { code: 'WRONGTYPE' })
  await tier.put(idOf('y'), objectOf('put'))
  await server.ask('DEL', purgesKey(keyPrefix))
  assert.deepEqual(await tier.get(idOf('x')), objectOf('hello'))
  assert.equal(await tier.has(idOf('y')), true)
})

const strange = {
  'a later version': '{"format":2,"id":"a","kind":"hard","scope":{"kind":"galaxy"}}',
  'another scope': '{"format":1,"id":"a","kind":"hard","scope":{"kind":"galaxy"}}',
  'no JSON': 'hello',
}

for (const [what, text] of Object.entries(strange)) {
  test(`a purge that is ${what} is taken for one of everything, once`, async (t) => {
    const keyPrefix = freshPrefix()
    const { clock, news } = await join(t, { keyPrefix })
    for (let round = 0; round < 3; round++) {
      const { until } = news
      await write(keyPrefix, Date.now() + 100, text)
      await clock.advance(1000)
      await eventually(() => news.until !== until)
    }
    assert.equal(news.arrived.length, 1)
    const [{ scope, kind } = purgeOf(everything)] = news.arrived
    assert.deepEqual({ scope, kind }, { scope: everything, kind: 'hard' })
  })
}

test('when our own clock was set all purges are told again, with their new times, before anything is read', async (t) => {
  const keyPrefix = freshPrefix()
  await write(keyPrefix, Date.now() - 2 * hourMs)
  const { tier, clock, news } = await join(t, { keyPrefix })
  const before = news.remembered.at(-1)?.at ?? 0
  clock.stepWallTime(hourMs)
  await eventually(() => tier.get(idOf('x')).then(() => true))
  const after = news.remembered.at(-1)?.at ?? 0
  assert.ok(Math.abs(after - before - hourMs) < slackMs)
  assert.equal(news.arrived.length, 0)
})

test('what another proxy fetched before a purge and stores after it is refused, what it fetches later is not', async (t) => {
  const keyPrefix = freshPrefix()
  const one = await join(t, { keyPrefix })
  const clock = new FakeClock(Date.now() - hourMs)
  const log = new PurgeLog(clock, createFakeRandom())
  const news = { purges: log, syncedAt: () => undefined, synced: () => undefined }
  await join(t, { keyPrefix, clock, news })
  const id: RecordId = idOf('x')
  const beganAt = clock.now()
  await one.tier.keep(ofObject('x'))
  await clock.advance(1000)
  await eventually(() => log.covers(id, [], beganAt))
  assert.equal(log.covers(idOf('y'), [], beganAt), false)
  await clock.advance(slackMs)
  assert.equal(log.covers(id, [], (beganAt + slackMs) as EpochMs), false)
})

for (const [kind, askedMs, isThere] of [
  ['hard', 100, false],
  ['hard', 1000, true],
  ['soft', -1000, true],
  ['soft', 100, false],
  ['soft', 1000, true],
] as const) {
  const then = askedMs < 0 ? `${-askedMs} ms before` : `${askedMs} ms after`
  test(`after a ${kind} purge of its own a proxy ${isThere ? 'finds' : 'does not find'} what another asked for ${then} it, as it seems`, async (t) => {
    const keyPrefix = freshPrefix()
    const clock = new FakeClock(Date.now())
    const log = new PurgeLog(clock, createFakeRandom())
    const news = { purges: log, syncedAt: () => undefined, synced: () => undefined }
    const { tier } = await join(t, { keyPrefix, clock, news })
    const other = await join(t, { keyPrefix, clock })
    const id: RecordId = idOf('x')
    await clock.advance(10_000)
    const { purge } = log.order({ kind: 'object', id }, kind)
    const requestedAt = (purge.at + askedMs) as EpochMs
    await clock.advance(2000)

    await other.tier.put(id, objectOf('crow', { requestedAt }))
    assert.equal((await tier.get(id)) !== undefined, isThere)
    assert.equal((await tier.peek(id)) !== undefined, isThere)
  })
}
