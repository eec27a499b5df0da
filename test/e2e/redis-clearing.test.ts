/** Clearing and listing what is in a real redis-server, by every kind of scope and among many keys. */

import assert from 'node:assert/strict'
import { after, type TestContext, test } from 'node:test'
import type { RecordId } from '../../src/base/types.ts'
import { CacheKey } from '../../src/cache/cache-key.ts'
import type { CacheRecord } from '../../src/cache/record.ts'
import type { RedisTier } from '../../src/cache/redis-tier.ts'
import { everything, type Scope } from '../../src/cache/scope.ts'
import { headOf, idOf, objectOf, sliceIdOf, sliceOf } from '../support/cache-records.ts'
import { type RedisServer, startOwnRedis } from '../support/redis-server.ts'
import { eventually, openTestTier, type RedisTierChoice } from '../support/redis-tier.ts'

const server = await startOwnRedis({ after }, ['--enable-debug-command', 'local'])
const media: Scope = { kind: 'bucket', bucket: 'media' }
const objectScope = (object: string): Scope => ({ kind: 'object', id: idOf(object) })

async function open(t: TestContext, choice: Partial<RedisTierChoice> = {}): Promise<RedisTier> {
  const tier = await openTestTier({ url: server.url, ...choice })
  t.after(() => tier.close())
  return tier
}

async function fill(tier: RedisTier, count: number): Promise<void> {
  for (let from = 0; from < count; from += 500) {
    await Promise.all(Array.from({ length: 500 }, (_, index) => tier.put(idOf(`${from + index}`), objectOf('x'))))
  }
}

/** A server of its own with so many keys of somebody else. */
async function crowded(t: TestContext, keys: number): Promise<RedisServer & Pick<typeof server, 'ask'>> {
  const own = await startOwnRedis(t, ['--enable-debug-command', 'local'])
  await own.ask('DEBUG', 'POPULATE', String(keys), 'other')
  return own
}

test('clear that takes longer than its caller waits goes on behind the answer', async (t) => {
  const keyPrefix = 'behind:'
  const filler = await open(t, { keyPrefix })
  const tier = await open(t, { keyPrefix, clearWithinMs: 0 })
  await fill(filler, 5000)
  const told = new Set<RecordId>()
  const removed = await tier.clear(media, (id) => told.add(id))
  assert.equal(removed.isPending, true)
  assert.ok(removed.entries < 5000)
  await eventually(async () => (await server.ask('EVAL', 'return #redis.call("KEYS", ARGV[1])', '0', 'behind:*')) === 0)
  await eventually(() => told.size === 5000)
})

test('of an object among many keys what can be named is gone when the answer comes, the rest soon after', async (t) => {
  const own = await crowded(t, 200_000)
  const tier = await open(t, { url: own.url, clearWithinMs: 0 })
  const slices = Array.from({ length: 300 }, (_, index) => sliceIdOf('x', index))
  const others = [new CacheKey('media', 'x', 'w=1').id, new CacheKey('media', 'x', '', 'gzip').sliceId(1)]
  await tier.put(idOf('x'), { kind: 'object', head: headOf(300, { sliceBytes: 1 }) })
  for (const id of [...slices, ...others]) await tier.put(id, sliceOf('x', 300))
  await tier.put(idOf('xy'), objectOf('another'))
  const removed = await tier.clear(objectScope('x'))
  assert.equal(removed.isPending, true)
  assert.ok(removed.entries >= 301)
  for (const id of [idOf('x'), ...slices]) assert.equal(await tier.has(id), false)
  for (const id of others) await eventually(async () => !(await tier.has(id)))
  assert.equal(await tier.has(idOf('xy')), true)
})

test('clearings at the same time take what is theirs, and nothing else', async (t) => {
  const tier = await open(t)
  const query = (value: string) => new CacheKey('media', 'x', value).id
  const scopes: readonly Scope[] = [
    { kind: 'bucket', bucket: 'a' },
    { kind: 'prefix', start: 'ab:films/' },
    { kind: 'object', id: query('w=1') },
  ]
  const mine = [idOf('1', 'a'), idOf('films/1', 'ab'), query('w=1')]
  const kept = [idOf('1', 'ab'), idOf('films', 'ab'), query('w=10'), idOf('x')]
  for (const id of [...mine, ...kept]) await tier.put(id, objectOf('x'))
  const told = scopes.map((): RecordId[] => [])
  const removed = await Promise.all(scopes.map((scope, index) => tier.clear(scope, (id) => told[index]?.push(id))))
  assert.deepEqual(told.flat(), mine)
  assert.ok(removed.every(({ entries }) => entries === 1))
  for (const id of kept) assert.equal(await tier.has(id), true, id)
})

test('hundreds of purges at a time are done in a few looks over the keys', async (t) => {
  const own = await crowded(t, 20_000)
  const tier = await open(t, { url: own.url })
  const objects = Array.from({ length: 200 }, (_, index) => `${index}`)
  for (const object of objects) await tier.put(new CacheKey('media', object, 'w=1').id, objectOf('x'))
  const scans = async () => Number(/cmdstat_scan:calls=(\d+)/.exec(String(await own.ask('INFO', 'commandstats')))?.[1])
  await own.ask('CONFIG', 'RESETSTAT')
  const removed = await Promise.all(objects.map((object) => tier.clear(objectScope(object))))
  assert.ok(removed.every(({ entries, isPending }) => entries === 1 && isPending === undefined))
  const pages = 40
  assert.ok((await scans()) <= 4 * pages, `${await scans()} scans`)
})

test('slices are removed with their object however many there are', async (t) => {
  const tier = await open(t)
  await tier.put(idOf('x'), { kind: 'object', head: headOf(1100, { sliceBytes: 1 }) })
  await Promise.all(Array.from({ length: 1100 }, (_, index) => tier.put(sliceIdOf('x', index), sliceOf('x', 1100))))
  assert.equal((await tier.clear(objectScope('x'))).entries, 1101)
})

test('what is no record under the same prefix is neither cleared nor counted nor listed', async (t) => {
  const keyPrefix = 'house:'
  const tier = await open(t, { keyPrefix })
  const others = [
    'limits:{rl}:token_bucket:bucket:media:',
    ':{06S}:purges',
    'longer:media:x',
    'media',
    ':x',
    'media:a:x=1',
  ].map((key) => keyPrefix + key)
  for (const key of others) await server.ask('SET', key, 'kept')
  await server.ask('DEL', `${keyPrefix}:{06S}:purges`)
  await tier.keep({ id: 'a', scope: everything, at: 0 as never, kind: 'hard' })
  await tier.put(idOf('x'), objectOf('x'))
  await tier.recount()
  assert.equal(tier.usage().items, 1)
  assert.deepEqual([...tier.usage().buckets.keys()], ['media'])
  const listed: RecordId[] = []
  await tier.each(everything, ({ id }) => listed.push(id))
  assert.deepEqual(listed, [idOf('x')])
  assert.equal((await tier.clear(everything)).entries, 1)
  assert.equal(await server.ask('EXISTS', ...others), others.length)
})

test('by tag nothing is cleared but what is refused, and each finds it by the heads', async (t) => {
  const tier = await open(t)
  const long = Array.from({ length: 300 }, (_, index) => `tag-${index}-${'x'.repeat(20)}`)
  const slice: CacheRecord = { ...sliceOf('s', 100), tags: ['red'] } as CacheRecord
  await tier.put(idOf('a'), objectOf(100_000, { tags: ['red'] }))
  await tier.put(idOf('b'), objectOf('b', { tags: [...long, 'red'] }))
  await tier.put(idOf('a', 'other'), objectOf('other', { tags: ['red'] }))
  await tier.put(sliceIdOf('a', 1), slice)
  await tier.put(idOf('c'), objectOf('c', { tags: ['blue'] }))
  await tier.put(idOf('d'), objectOf('d'))
  const listed = async (scope: Scope) => {
    const ids: RecordId[] = []
    await tier.each(scope, ({ id }) => ids.push(id))
    return ids.sort()
  }
  const ofMedia = [idOf('a'), idOf('b'), sliceIdOf('a', 1)]
  assert.deepEqual(await listed({ kind: 'tag', bucket: 'media', tag: 'red' }), [...ofMedia].sort())
  assert.deepEqual(await listed({ kind: 'tag', tag: 'red' }), [...ofMedia, idOf('a', 'other')].sort())
  assert.deepEqual(await tier.clear({ kind: 'tag', tag: 'red' }), { entries: 0, bytes: 0, isPending: true })
  assert.deepEqual((await tier.peek(idOf('b')))?.head.tags, [...long, 'red'])
})
