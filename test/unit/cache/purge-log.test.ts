import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { EpochMs, RecordId, TierName } from '../../../src/base/types.ts'
import { CacheKey } from '../../../src/cache/cache-key.ts'
import type { Purge } from '../../../src/cache/purge.ts'
import { PurgeLog } from '../../../src/cache/purge-log.ts'
import { anyTag, everything, type Scope } from '../../../src/cache/scope.ts'
import { Barrier } from '../../support/barrier.ts'
import { idOf } from '../../support/cache-records.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { createFakeRandom } from '../../support/fake-random.ts'

const a = idOf('a')
const objectScope = (object: string): Scope => ({ kind: 'object', id: idOf(object) })
const minute = 60_000

function stage() {
  const clock = new FakeClock()
  const log = new PurgeLog(clock, createFakeRandom())
  /** Whether what began so long ago is covered. */
  const covers = (agoMs = 0, id: RecordId = a, tags: readonly string[] | 'unknown' = []) =>
    log.covers(id, tags, (clock.now() - agoMs) as EpochMs)
  const staleSince = (agoMs = 0, id: RecordId = a) => log.staleSince(id, [], (clock.now() - agoMs) as EpochMs)
  return { clock, log, covers, staleSince }
}

const purgeOf = (scope: Scope, at: number, kind: Purge['kind'] = 'hard', id = `${at}`): Purge => ({
  id,
  scope,
  at: at as EpochMs,
  kind,
})

test('a hard purge covers what began at its time or before, and nothing that began later', () => {
  const { clock, log, covers, staleSince } = stage()
  assert.equal(covers(), false)
  const { purge } = log.order(objectScope('a'), 'hard')
  assert.deepEqual(purge, {
    id: createFakeRandom().requestId(),
    scope: objectScope('a'),
    at: clock.now(),
    kind: 'hard',
  })
  clock.stepWallTime(1)
  assert.deepEqual([covers(1), covers(2), covers(0)], [true, true, false])
  assert.equal(covers(1, idOf('b')), false)
  assert.equal(staleSince(), undefined)
})

test('a soft purge makes stale since its time what began at its time or before', () => {
  const { clock, log, covers, staleSince } = stage()
  const { purge } = log.order(objectScope('a'), 'soft')
  clock.stepWallTime(1)
  assert.deepEqual([staleSince(1), staleSince(2), staleSince(0)], [purge.at, purge.at, undefined])
  assert.equal(staleSince(1, idOf('b')), undefined)
  assert.equal(covers(), false)
  clock.stepWallTime(9)
  log.order(everything, 'soft')
  assert.equal(staleSince(1000), purge.at)
  assert.equal(staleSince(5), clock.now())
})

test('a newer soft purge of the same scope begins the time anew', () => {
  const { clock, log, staleSince } = stage()
  log.order(objectScope('a'), 'soft')
  clock.stepWallTime(10)
  const { purge } = log.order(objectScope('a'), 'soft')
  assert.equal(staleSince(1000), purge.at)
  assert.equal(log.size, 1)
})

for (const [what, scope, covered, not] of [
  ['a query', { kind: 'object', id: new CacheKey('media', 'a', 'q').id }, 'media:a:q=q:v=x:s=3', 'media:a:v=x'],
  ['an object', objectScope('a'), 'media:a:q=1:s=0', 'media:ab'],
  ['a prefix', { kind: 'prefix', start: 'media:a' }, 'media:ab:s=1', 'media:b'],
  ['a bucket', { kind: 'bucket', bucket: 'media' }, 'media:b', 'media2:b'],
] satisfies [string, Scope, string, string][]) {
  test(`a purge of ${what} covers its parts and not its neighbours`, () => {
    const { log, covers } = stage()
    log.order(scope, 'hard')
    assert.deepEqual([covers(0, covered as RecordId), covers(0, not as RecordId)], [true, false])
  })
}

test('tags that are not known, or not all kept, are covered by every purge by tag', () => {
  for (const [bucket, isElsewhere] of [
    [undefined, true],
    ['media', false],
  ] as const) {
    const { log, covers } = stage()
    log.order({ kind: 'tag', bucket, tag: 'red' }, 'hard')
    assert.deepEqual([covers(0, a, ['blue', 'red']), covers(0, a, ['blue']), covers(0, a, [])], [true, false, false])
    assert.deepEqual([covers(0, a, 'unknown'), covers(0, a, ['blue', anyTag])], [true, true])
    assert.equal(covers(0, idOf('a', 'other'), 'unknown'), isElsewhere)
    assert.equal(covers(0, idOf('a', 'other'), ['red']), isElsewhere)
  }
})

test('each purge that is heard of counts the generation up; one that was known does not', () => {
  const { clock, log } = stage()
  log.order(everything, 'hard')
  log.remembered(purgeOf(objectScope('a'), clock.now()))
  log.arrived(purgeOf(objectScope('b'), clock.now()))
  assert.equal(log.generation, 3)
  log.arrived(purgeOf(objectScope('b'), clock.now()))
  log.remembered(purgeOf(objectScope('b'), clock.now() - 1, 'hard', 'older'))
  assert.equal(log.generation, 3)
  log.arrived(purgeOf(objectScope('b'), clock.now(), 'soft'))
  assert.equal(log.generation, 4)
})

function keeper(name: TierName, act: (purge: Purge) => Promise<void>) {
  const kept: string[] = []
  const forgotten: string[] = []
  const keep = async (purge: Purge) => {
    await act(purge)
    kept.push(purge.id)
  }
  return { name, kept, keep, forgotten, forget: (purge: Purge) => forgotten.push(purge.id) }
}

test('an ordered purge is in force before anybody has kept it; who could not keep it is named, with the reason', async () => {
  const { log, covers } = stage()
  const hold = new Barrier()
  const redis = keeper('redis', () => hold.arrive())
  const failures: unknown[] = []
  const full = new Error('full')
  log.addKeeper(redis)
  log.addKeeper(keeper('disk', () => Promise.reject(full)))
  log.onKeepingFailed((tier, error) => failures.push(tier, error))
  const { purge, notKept } = log.order(everything, 'hard')
  assert.equal(covers(), true)
  await hold.reached
  assert.deepEqual(redis.kept, [])
  hold.release()
  assert.deepEqual(await notKept, ['disk'])
  assert.deepEqual(redis.kept, [purge.id])
  assert.deepEqual(failures, ['disk', full])
  assert.deepEqual([log.isKeptBy('disk'), log.isKeptBy('memory')], [true, false])
})

test('what is remembered is in force, and nobody is told; what arrives is in force, kept, and heeded once', async () => {
  const { clock, log, covers } = stage()
  const disk = keeper('disk', async () => undefined)
  const heeded: string[] = []
  log.addKeeper(disk)
  log.onArrival((purge) => heeded.push(purge.id, String(covers(0, idOf('b')))))
  log.remembered(purgeOf(objectScope('a'), clock.now()))
  assert.equal(covers(), true)
  log.arrived(purgeOf(objectScope('b'), clock.now(), 'hard', 'news'))
  log.arrived(purgeOf(objectScope('b'), clock.now(), 'hard', 'news'))
  await turn()
  assert.deepEqual(heeded, ['news', 'true'])
  assert.deepEqual(disk.kept, ['news'])
})

test('a purge is kept for a day', () => {
  const { clock, log, covers } = stage()
  log.order(objectScope('a'), 'hard')
  clock.stepWallTime(24 * 60 * minute - 1)
  log.order(objectScope('b'), 'hard')
  assert.equal(covers(24 * 60 * minute), true)
  clock.stepWallTime(1)
  log.order(objectScope('c'), 'hard')
  assert.equal(covers(24 * 60 * minute), false)
  assert.equal(log.size, 2)
})

test('a soft purge stays in force until what it covers is gone, and when that fails until it works', async () => {
  const { clock, log, staleSince } = stage()
  const expired: string[] = []
  const hold = new Barrier()
  let works = false
  log.onExpiry(async ({ id }) => {
    expired.push(id)
    await hold.arrive()
    return works
  })
  const { purge } = log.order(objectScope('a'), 'soft')
  clock.stepWallTime(24 * 60 * minute)
  log.order(objectScope('b'), 'hard')
  await hold.reached
  assert.equal(staleSince(24 * 60 * minute), purge.at)
  hold.release()
  await turn()
  assert.equal(staleSince(24 * 60 * minute), purge.at)
  works = true
  log.order(objectScope('c'), 'hard')
  await turn()
  assert.equal(staleSince(24 * 60 * minute), undefined)
  assert.deepEqual(expired, [purge.id, purge.id])
})

test('a soft purge that has expired need not be kept any longer', async () => {
  const { clock, log } = stage()
  const disk = keeper('disk', async () => undefined)
  log.addKeeper(disk)
  const { purge } = log.order(objectScope('a'), 'soft')
  clock.stepWallTime(25 * 60 * minute)
  log.order(objectScope('b'), 'hard')
  await turn()
  assert.deepEqual(disk.forgotten, [purge.id])
})

test('nothing is forgotten while somewhere lies what nobody has looked at', async () => {
  const { clock, log, covers } = stage()
  const looked = Promise.withResolvers<void>()
  log.holdUntil(looked.promise)
  const longAgo = 25 * 60 * minute
  log.remembered(purgeOf(objectScope('a'), clock.now() - longAgo))
  log.order(objectScope('b'), 'hard')
  assert.equal(covers(longAgo), true)
  looked.resolve()
  await turn()
  log.order(objectScope('c'), 'hard')
  assert.equal(covers(longAgo), false)
})

test('a longer stay of records keeps purges longer', () => {
  const clock = new FakeClock()
  const log = new PurgeLog(clock, createFakeRandom(), 48 * 60 * minute)
  const { purge } = log.order(objectScope('a'), 'hard')
  clock.stepWallTime(47 * 60 * minute)
  log.order(objectScope('b'), 'hard')
  assert.equal(log.covers(a, [], purge.at), true)
})

test('a soft purge that is ordered again while the older one expires stays', async () => {
  const { clock, log, staleSince } = stage()
  const hold = new Barrier()
  log.onExpiry(async () => {
    await hold.arrive()
    return true
  })
  log.order(objectScope('a'), 'soft')
  clock.stepWallTime(24 * 60 * minute)
  log.order(objectScope('b'), 'soft')
  await hold.reached
  const { purge } = log.order(objectScope('a'), 'soft')
  hold.release()
  await turn()
  assert.equal(staleSince(), purge.at)
})

for (const kind of ['hard', 'soft'] as const) {
  const isInForce = (log: PurgeLog, id: RecordId, at: EpochMs) =>
    kind === 'hard' ? log.covers(id, [], at) : log.staleSince(id, [], at) !== undefined

  test(`${kind}: past 100,000 purges the oldest goes when it is older than ten minutes`, async () => {
    const { clock, log } = stage()
    const { purge } = log.order(objectScope('a'), kind)
    clock.stepWallTime(10 * minute)
    for (let index = 0; index < 100_000; index++) log.order(objectScope(`${index}`), kind)
    await turn()
    assert.equal(isInForce(log, a, purge.at), false)
    assert.equal(isInForce(log, idOf('0'), clock.now()), true)
    assert.equal(log.size, 100_000)
  })

  test(`${kind}: a younger one becomes a purge of everything: nothing that is purged comes back`, () => {
    const { clock, log } = stage()
    const { purge } = log.order(objectScope('a'), kind)
    clock.stepWallTime(1)
    for (let index = 0; index < 100_000; index++) log.order(objectScope(`${index}`), kind)
    for (const id of [a, idOf('b'), idOf('b', 'other')]) assert.equal(isInForce(log, id, purge.at), true)
    assert.equal(isInForce(log, idOf('b'), clock.now()), true)
    assert.equal(isInForce(log, idOf('99999'), clock.now()), true)
    clock.stepWallTime(1)
    assert.equal(isInForce(log, idOf('b'), clock.now()), false)
    assert.ok(log.size <= 100_000)
  })
}
