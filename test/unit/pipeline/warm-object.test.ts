/** Warming one object, through the real opener and over real connections. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Abandoned } from '../../../src/base/errors.ts'
import { CacheKey } from '../../../src/cache/cache-key.ts'
import { PurgeLog } from '../../../src/cache/purge-log.ts'
import { FlightTable } from '../../../src/objects/flight.ts'
import { Lifetimes } from '../../../src/objects/lifetimes.ts'
import { ObjectOpener } from '../../../src/objects/open-object.ts'
import { UncacheableMemory } from '../../../src/objects/uncacheable-memory.ts'
import { openDoor } from '../../../src/pipeline/admission.ts'
import type { Route } from '../../../src/pipeline/route.ts'
import { createWarmer } from '../../../src/pipeline/warm-object.ts'
import type { CachePolicy } from '../../../src/policy/cache-policy.ts'
import { startFakeOrigin } from '../../support/fake-origin.ts'
import { createFakeRandom } from '../../support/fake-random.ts'
import { cachePolicy } from '../../support/policies.ts'
import { quiet, sliceBytes, stage as stageRuns } from '../objects/rig.ts'
import { failsWith, originAt } from '../origin/rig.ts'

const never = new AbortController().signal

/** A bucket in front of a scripted origin, with slices of a hundred bytes. */
async function stage(t: TestContext, changes: Partial<CachePolicy> = {}) {
  const { clock, store, runs } = stageRuns(1)
  const origin = await startFakeOrigin(t, { clock })
  const random = createFakeRandom()
  const purges = new PurgeLog(clock, random)
  const policy = cachePolicy({ sliceBytes, ...changes })
  const asked = originAt(t, origin.endpoint, {}, { clock }).origin
  const site = { origin: asked, policy, lifetimes: new Lifetimes(policy, purges) }
  const route: Route = {
    ...{ name: 'b', pathPrefix: '/b', hosts: [], admission: openDoor, site, asksAgain: true },
    ...{ query: { keep: 'none' } as const, cors: undefined, headers: { add: [], remove: [], forward: [] } },
    ...{ tokenNames: undefined, downstream: { kind: 'as-is' } as const, prepared: new WeakMap() },
  }
  const uncacheable = new UncacheableMemory(clock)
  const opener = new ObjectOpener({ store, runs, clock, uncacheable, purges, flights: new FlightTable() })
  const warm = createWarmer({ opener, clock, headTimeoutMs: 30_000, random })
  return {
    ...{ clock, origin, store, runs },
    warm: (key: string, signal = never) => warm(route, key, signal),
  }
}

test('a small object is fetched once, and is fresh from then on', async (t) => {
  const { warm, origin, store } = await stage(t)
  origin.serve('a', 'hello')
  assert.deepEqual(await warm('a'), { kind: 'fetched', bytes: 5 })
  const found = await store.get(new CacheKey('b', 'a').id)
  assert.equal(found?.record.kind === 'object' && Buffer.from(found.record.body ?? []).toString(), 'hello')
  assert.deepEqual(await warm('a'), { kind: 'fresh' })
  assert.equal(origin.requests('a').length, 1)
})

test('an empty object and one of unknown size are stored', async (t) => {
  const { warm, origin } = await stage(t)
  origin.serve('empty', '')
  origin.serve('chunked', 'hello', { chunked: true })
  assert.deepEqual(await warm('empty'), { kind: 'fetched', bytes: 0 })
  assert.deepEqual(await warm('chunked'), { kind: 'fetched', bytes: 5 })
  assert.deepEqual(await warm('empty'), { kind: 'fresh' })
  assert.deepEqual(await warm('chunked'), { kind: 'fresh' })
})

test('all slices of a large object are stored, with one request', async (t) => {
  const { warm, origin, store } = await stage(t)
  origin.serve('film', Buffer.alloc(1050, 'x'))
  assert.deepEqual(await warm('film'), { kind: 'fetched', bytes: 1050 })
  const key = new CacheKey('b', 'film')
  for (let index = 0; index < 11; index += 1) assert.ok(await store.has(key.sliceId(index)), `slice ${index}`)
  assert.equal(origin.requests('film').length, 1)
  assert.deepEqual(await warm('film'), { kind: 'fresh' })
  assert.equal(origin.requests('film').length, 1)
})

test('of a large object, slices that are missing are fetched, and others are not', async (t) => {
  const { warm, origin, store } = await stage(t)
  origin.serve('film', Buffer.alloc(1000, 'x'))
  await warm('film')
  const key = new CacheKey('b', 'film')
  for (const index of [2, 3, 7]) await store.remove(key.sliceId(index))
  assert.deepEqual(await warm('film'), { kind: 'fetched', bytes: 300 })
  const ranges = origin.requests('film').map(({ range }) => range)
  assert.deepEqual(ranges, [undefined, 'bytes=200-399', 'bytes=700-799'])
  assert.deepEqual(await warm('film'), { kind: 'fresh' })
})

test('a stale object is confirmed before anything is said of it, though it might be served stale', async (t) => {
  const { warm, origin, clock } = await stage(t, { ttlMs: 1000, staleWhileRevalidateMs: 60_000 })
  const object = origin.serve('a', 'hello')
  await warm('a')
  await clock.advance(2000)
  assert.deepEqual(await warm('a'), { kind: 'fetched', bytes: 0 })
  assert.equal(origin.requests('a').length, 2)
  await clock.advance(2000)
  object.replace('other bytes')
  assert.deepEqual(await warm('a'), { kind: 'fetched', bytes: 11 })
})

test('an origin that fails to confirm a stale object is a failure, though the object might be served', async (t) => {
  const { warm, origin, clock } = await stage(t, { ttlMs: 1000, staleIfErrorMs: 60_000 })
  const object = origin.serve('a', 'hello')
  await warm('a')
  await clock.advance(2000)
  object.failWith(500, 'InternalError')
  await assert.rejects(warm('a'), failsWith('OriginError'))
})

test('what is not there is missing, and asked for again only when its absence is old', async (t) => {
  const { warm, origin, clock } = await stage(t, { negativeTtlMs: 1000 })
  assert.deepEqual(await warm('none'), { kind: 'missing' })
  assert.deepEqual(await warm('none'), { kind: 'missing' })
  assert.equal(origin.requests('none').length, 1)
  await clock.advance(2000)
  assert.deepEqual(await warm('none'), { kind: 'missing' })
  assert.equal(origin.requests('none').length, 2)
})

test('what may not be stored is told so, and its body is not read', async (t) => {
  const { warm, origin } = await stage(t)
  const size = 64 * 1024 * 1024
  origin.serve('secret', { seed: 1, size }, { headers: { 'cache-control': 'no-store' } })
  assert.deepEqual(await warm('secret'), { kind: 'not-stored' })
  assert.equal(await origin.requests('secret')[0]?.ended, false)
})

test('a bucket that does not cache is not asked at all', async (t) => {
  const { warm, origin } = await stage(t, { enabled: false })
  origin.serve('a', 'hello')
  assert.deepEqual(await warm('a'), { kind: 'not-stored' })
  assert.equal(origin.requests().length, 0)
})

test('an object of another version than its stored head is read anew', async (t) => {
  const { warm, origin, store } = await stage(t)
  const object = origin.serve('film', Buffer.alloc(1000, 'x'))
  await warm('film')
  await store.remove(new CacheKey('b', 'film').sliceId(5))
  object.replace(Buffer.alloc(500, 'y'))
  // The head is fresh: only the missing slice tells.
  assert.deepEqual(await warm('film'), { kind: 'fetched', bytes: 500 })
})

for (const [when, offset] of [
  ['before the head', undefined],
  ['between two slices', 50_000],
  ['within a slice', 50_050],
] as const) {
  test(`calling it off ${when} ends the exchange with the origin`, async (t) => {
    const { warm, origin, runs, store } = await stage(t)
    const object = origin.serve('film', { seed: 1, size: 16 * 1024 * 1024 })
    const hold = offset === undefined ? object.delayHead() : object.holdAt(offset)
    const caller = new AbortController()
    const warming = warm('film', caller.signal)
    await hold.reached
    if (offset !== undefined) while (!(await store.has(new CacheKey('b', 'film').sliceId(499)))) await quiet()
    await quiet()
    caller.abort(new Abandoned('enough'))
    await assert.rejects(warming, { name: 'Abandoned' })
    hold.release()
    assert.equal(await origin.requests('film')[0]?.ended, false)
    await runs.close()
  })
}
