/** How long purges stay in a real redis-server, and what it means when they were forgotten. */

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, type TestContext, test } from 'node:test'
import type { EpochMs } from '../../src/base/types.ts'
import type { Purge } from '../../src/cache/purge.ts'
import { everything } from '../../src/cache/scope.ts'
import { idOf, objectOf } from '../support/cache-records.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { startOwnRedis } from '../support/redis-server.ts'
import { createTestTier, eventually, openTestTier, PurgeNewsLog } from '../support/redis-tier.ts'

const server = await startOwnRedis({ after })
const { url } = server
const hourMs = 3_600_000
const dayMs = 24 * hourMs
/** What a busy machine may add to what is told at once. */
const slackMs = 10_000

let prefixes = 0
const freshPrefix = () => `kept-${prefixes++}:`
const purgesKey = (keyPrefix: string) => `${keyPrefix}:{06S}:purges`
const trimmedKey = (keyPrefix: string) => `${keyPrefix}:{06S}:purges-trimmed`

function ofObject(object: string): Purge {
  return { id: randomUUID(), scope: { kind: 'object', id: idOf(object) }, at: 0 as EpochMs, kind: 'hard' }
}

/** As if somebody had ordered it then. */
async function write(keyPrefix: string, at: number, text: string): Promise<void> {
  await server.ask('ZADD', purgesKey(keyPrefix), String(at), text)
}

/** A proxy that has heard all there is; what lies on its disk was in step until `from`. */
async function join(t: TestContext, keyPrefix: string, from?: number) {
  const clock = new FakeClock(Date.now())
  const news = new PurgeNewsLog(from as EpochMs | undefined)
  const tier = await openTestTier({ url, clock, news, keyPrefix })
  t.after(() => tier.close())
  return { tier, clock, news }
}

const gaps: readonly (readonly [what: string, syncedAgoMs: number | undefined, arrived: number])[] = [
  ['was away for longer than that takes everything for purged', 2 * hourMs, 1],
  ['has been in step since hears nothing', hourMs / 2, 0],
  ['has nothing old hears nothing', undefined, 0],
]

for (const [what, syncedAgoMs, arrived] of gaps) {
  test(`when purges were forgotten for their number, a proxy that ${what}`, async (t) => {
    const keyPrefix = freshPrefix()
    const nowMs = Date.now()
    await server.ask('SET', trimmedKey(keyPrefix), String(nowMs - hourMs))
    const { news, clock } = await join(t, keyPrefix, syncedAgoMs && nowMs - syncedAgoMs)
    assert.equal(news.arrived.length, arrived)
    assert.equal(news.remembered.length, 0)
    for (const { scope, kind, at } of news.arrived) {
      assert.deepEqual({ scope, kind }, { scope: everything, kind: 'hard' })
      assert.ok(Math.abs(at - (clock.now() - hourMs)) < slackMs)
    }
    assert.equal(await server.ask('EXISTS', purgesKey(keyPrefix)), 0)
  })
}

test('what is older than purges that were forgotten is not read any more, what is newer is', async (t) => {
  const keyPrefix = freshPrefix()
  await server.ask('SET', trimmedKey(keyPrefix), String(Date.now() - hourMs))
  const { tier, clock } = await join(t, keyPrefix)
  const putAsked = (object: string, agoMs: number) =>
    tier.put(idOf(object), objectOf('x', { requestedAt: (clock.now() - agoMs) as EpochMs }))
  await putAsked('older', hourMs + slackMs)
  await putAsked('newer', hourMs - slackMs)
  assert.equal(await tier.get(idOf('older')), undefined)
  assert.equal(await tier.peek(idOf('older')), undefined)
  assert.notEqual(await tier.get(idOf('newer')), undefined)
  assert.notEqual(await tier.peek(idOf('newer')), undefined)
})

const stays: readonly (readonly [ttlMs: number, keptMs: number])[] = [
  [600_000, dayMs],
  [3 * dayMs, 3 * dayMs + 600_000],
  [0, 30 * dayMs],
]

for (const [ttlMs, keptMs] of stays) {
  test(`where records stay ${ttlMs} ms purges are kept ${keptMs} ms, and it is noted until when they were forgotten`, async (t) => {
    const keyPrefix = freshPrefix()
    const nowMs = Date.now()
    const ages = [2 * keptMs, keptMs + 60_000, keptMs - 60_000]
    for (const [index, ageMs] of ages.entries()) await write(keyPrefix, nowMs - ageMs, `${index}`)
    const tier = createTestTier({ url, keyPrefix, ttlMs })
    t.after(() => tier.close())
    await eventually(() => tier.keep(ofObject('x')).then(() => true))
    const left = (await server.ask('ZRANGE', purgesKey(keyPrefix), '0', '-1')) as string[]
    assert.deepEqual([left.length, left[0]], [2, '2'])
    assert.equal(await server.ask('GET', trimmedKey(keyPrefix)), String(nowMs - keptMs - 60_000))
    await write(keyPrefix, nowMs - 2 * keptMs, 'late')
    await tier.keep(ofObject('y'))
    assert.equal(await server.ask('ZCARD', purgesKey(keyPrefix)), 3)
    assert.equal(await server.ask('GET', trimmedKey(keyPrefix)), String(nowMs - keptMs - 60_000))
  })
}

test('no more than a hundred thousand purges are kept', async (t) => {
  const keyPrefix = freshPrefix()
  const firstMs = Date.now() - 200_000
  const script = "for i = 1, 100000 do redis.call('ZADD', KEYS[1], ARGV[1] + i, i) end"
  await server.ask('EVAL', script, '1', purgesKey(keyPrefix), String(firstMs))
  const tier = createTestTier({ url, keyPrefix })
  t.after(() => tier.close())
  for (const object of ['x', 'y']) await eventually(() => tier.keep(ofObject(object)).then(() => true))
  assert.equal(await server.ask('ZCARD', purgesKey(keyPrefix)), 100_000)
  assert.equal(await server.ask('GET', trimmedKey(keyPrefix)), String(firstMs + 2))
})

test('scripts that Redis has forgotten are told again', async (t) => {
  const keyPrefix = freshPrefix()
  const { tier } = await join(t, keyPrefix)
  await tier.keep(ofObject('x'))
  await server.ask('SCRIPT', 'FLUSH')
  await tier.keep(ofObject('y'))
  assert.equal(await server.ask('ZCARD', purgesKey(keyPrefix)), 2)
})
