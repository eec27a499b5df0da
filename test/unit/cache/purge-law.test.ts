/** The law: what was asked for when a hard purge was ordered, or before, is not there any more. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { CacheKey } from '../../../src/cache/cache-key.ts'
import { everything, type Scope } from '../../../src/cache/scope.ts'
import { Barrier } from '../../support/barrier.ts'
import { idOf, sliceIdOf, sliceOf } from '../../support/cache-records.ts'
import { purgeStage as stage } from '../../support/purge-stage.ts'

const a = idOf('a')
const object: Scope = { kind: 'object', id: a }
const bucket: Scope = { kind: 'bucket', bucket: 'media' }

for (const [what, scope, facts] of [
  ['everything', everything, {}],
  ['its bucket', bucket, {}],
  ['it', object, {}],
  ['its prefix', { kind: 'prefix', start: 'media:' }, {}],
  ['its tag', { kind: 'tag', tag: 'red' }, { tags: ['red'] }],
] satisfies [string, Scope, object][]) {
  test(`a download that began before ${what} was purged is not stored, in place of nothing or of one that began later`, async () => {
    const { store, objectAt, memory, disk, redis, clock } = stage()
    const begun = objectAt(0, facts)
    await store.purge(scope, 'hard')
    await store.put(a, begun)
    for (const tier of [memory, disk, redis]) assert.equal(await tier.has(a), false)
    clock.stepWallTime(1)
    await store.put(a, objectAt(0, facts))
    await store.put(a, begun)
    assert.deepEqual((await store.get(a))?.record, objectAt(0, facts))
  })

  test(`what a slower tier still has after ${what} was purged is a miss there, and is removed`, async () => {
    const { store, objectAt, disk, events } = stage()
    await store.purge(scope, 'hard')
    await disk.put(a, objectAt(0, facts))
    events.lines.length = 0
    assert.equal(await store.get(a), undefined)
    assert.deepEqual(events.lines, ['memory missed media', 'disk missed media', 'redis missed media'])
    assert.equal(await store.has(a), false)
    assert.equal(await disk.has(a), false)
  })
}

test('has and peek do not show what is purged', async () => {
  const { store, objectAt, disk } = stage()
  await store.purge(object, 'hard')
  await disk.put(a, objectAt())
  assert.equal(await store.has(a), false)
  assert.equal(await store.peek(a), undefined)
  assert.equal(await disk.has(a), true)
})

test('purged on the disk but fresh in redis: the fresh one is found, and takes its place', async () => {
  const { store, objectAt, memory, disk, redis, clock } = stage()
  await store.purge(object, 'hard')
  await disk.put(a, objectAt())
  clock.stepWallTime(1)
  await redis.put(a, objectAt())
  assert.deepEqual(await store.get(a), { record: objectAt(), tier: 'redis' })
  for (const tier of [memory, disk]) assert.deepEqual(await tier.get(a), objectAt())
})

test('where there is no memory tier, the first tier is judged as well', async () => {
  const { store, objectAt, disk } = stage({}, ['disk'])
  await store.purge(object, 'hard')
  await disk.put(a, objectAt())
  assert.equal(await store.get(a), undefined)
})

test('what another process had stored is believed by nobody who has heard of the purge', async () => {
  const { store, purges, objectAt, redis, clock } = stage()
  await redis.put(a, objectAt())
  purges.remembered({ id: 'x', scope: object, at: clock.now(), kind: 'hard' })
  assert.equal(await store.get(a), undefined)
})

test('a purge that arrives clears every tier but Redis, which whoever ordered it clears', async () => {
  const { store, purges, objectAt, memory, disk, redis, clock } = stage()
  await store.put(a, objectAt())
  purges.arrived({ id: 'x', scope: object, at: clock.now(), kind: 'soft' })
  assert.ok(await memory.has(a))
  purges.arrived({ id: 'y', scope: object, at: clock.now(), kind: 'hard' })
  await turn()
  for (const tier of [memory, disk]) assert.equal(await tier.has(a), false)
  assert.equal(await redis.has(a), true)
  assert.equal(await store.get(a), undefined)
})

for (const scope of [object, everything, { kind: 'tag', tag: 'red' }] satisfies Scope[]) {
  test(`what a slow tier is handing out when it is purged (${scope.kind}) does not come to the fast ones`, async () => {
    const hold = new Barrier()
    const { store, objectAt, memory, disk } = stage({ disk: { on: ['get'], hold } })
    await disk.put(a, objectAt(0, { tags: ['red'] }))
    const reading = store.get(a)
    await hold.reached
    const purging = store.purge(scope, 'hard')
    hold.release()
    await Promise.all([reading, purging])
    assert.equal(await memory.has(a), false)
    assert.equal(await store.get(a), undefined)
  })

  test(`what waits to be written when it is purged (${scope.kind}) is not written, and what is being written goes again`, async () => {
    const hold = new Barrier()
    const { store, objectAt, disk } = stage({ disk: { on: ['put'], hold } })
    const ids = Array.from({ length: 100 }, (_, index) => new CacheKey('media', 'a', `${index}`).id)
    for (const id of ids) await store.put(id, objectAt(0, { tags: ['red'] }))
    await hold.reached
    const purging = store.purge(scope, 'hard')
    hold.release()
    await purging
    assert.equal(disk.usage().items, 0)
    for (const id of ids) assert.equal(await store.get(id), undefined)
  })
}

test('what is purged in the moment it was found is not copied into memory any more', async () => {
  const { store, events, objectAt, memory, disk } = stage()
  let purging: Promise<unknown> | undefined
  events.hit = () => {
    purging ??= store.purge({ kind: 'tag', tag: 'red' }, 'hard')
  }
  await disk.put(a, objectAt(0, { tags: ['red'] }))
  await store.get(a)
  await purging
  assert.equal(await memory.has(a), false)
})

test('a slice that a slow tier is handing out when its object is purged does not come to the fast ones', async () => {
  const hold = new Barrier()
  const { store, memory, disk } = stage({ disk: { on: ['get'], hold } })
  const slice = sliceIdOf('a', 0)
  await disk.put(slice, sliceOf('x', 100))
  const reading = store.get(slice)
  await hold.reached
  await store.purge(object, 'hard')
  hold.release()
  await reading
  assert.equal(await memory.has(slice), false)
})

test('slices and markers of variants are stored whatever was purged: they are nothing without a head', async () => {
  const { store, memory } = stage()
  await store.purge(everything, 'hard')
  await store.put(sliceIdOf('a', 0), sliceOf('x', 100))
  await store.put(a, { kind: 'vary', names: ['accept'], originFingerprint: 'x' })
  assert.equal(memory.usage().items, 2)
})
