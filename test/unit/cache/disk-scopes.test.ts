import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { copyFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { EpochMs } from '../../../src/base/types.ts'
import type { Purge } from '../../../src/cache/purge.ts'
import { everything, type Scope } from '../../../src/cache/scope.ts'
import { Barrier } from '../../support/barrier.ts'
import { idOf, objectOf, sliceIdOf, sliceOf } from '../../support/cache-records.ts'
import {
  age,
  counted,
  crashed,
  makeFolder,
  openTier,
  pathOf,
  recordFiles,
  recount,
  saveIndex,
} from '../../support/disk-folders.ts'
import { FaultyFiles } from '../../support/faulty-files.ts'

const media: Scope = { kind: 'bucket', bucket: 'media' }
const ofObject = (object: string): Scope => ({ kind: 'object', id: idOf(object) })
const purgeOf = (scope: Scope, at: number): Purge => ({ id: `${at}`, scope, at: at as EpochMs, kind: 'hard' })

for (const operation of ['open', 'write', 'rename'] as const) {
  for (const hold of ['holds', 'lateHolds'] as const) {
    test(`a put that is cleared ${hold === 'holds' ? 'before' : 'after'} its ${operation} does not arrive, and leaves no file`, async (t) => {
      const folder = await makeFolder(t)
      const files = new FaultyFiles()
      const tier = await openTier(folder, { files })
      await tier.put(idOf('a'), objectOf('older'))
      const barrier = new Barrier()
      files[hold].set(operation, barrier)
      const putting = tier.put(idOf('a'), objectOf('newer'))
      await barrier.reached
      const told: string[] = []
      const clearing = tier.clear(media, (id) => told.push(id))
      files[hold].clear()
      assert.equal((await clearing).entries, 1) // without waiting for the put
      assert.equal(tier.getNow?.(idOf('a')), undefined)
      barrier.release()
      await putting
      assert.equal(await tier.get(idOf('a')), undefined)
      assert.deepEqual(told, [idOf('a')])
      await tier.put(idOf('b'), objectOf('put since'))
      assert.deepEqual(await tier.get(idOf('b')), objectOf('put since'))
      await tier.close()
      assert.deepEqual(recordFiles(folder), [pathOf(folder, idOf('b'))])
      assert.deepEqual(tier.events.lines, [])
    })
  }
}

test('of two puts of one record, the one before a clearing is gone and the one after it stays', async (t) => {
  const folder = await makeFolder(t)
  const tier = await openTier(folder)
  const before = tier.put(idOf('a'), objectOf('before'))
  const clearing = tier.clear(ofObject('a'))
  const after = tier.put(idOf('a'), objectOf('after'))
  await Promise.all([before, clearing, after])
  assert.deepEqual(await tier.get(idOf('a')), objectOf('after'))
  await tier.close()
  assert.deepEqual(counted(tier), recount(folder))
})

test('a record that is cleared while its damaged file is looked at again does not come back', async (t) => {
  const folder = await makeFolder(t)
  const files = new FaultyFiles()
  const first = await openTier(folder, { files })
  await first.put(idOf('a'), objectOf('short'))
  await saveIndex(folder, first)
  await first.put(idOf('a'), objectOf('much longer'))
  const copy = await crashed(folder)
  await first.close()
  const tier = await openTier(copy, { files })
  const barrier = new Barrier()
  files.holds.set('size', barrier)
  const getting = tier.get(idOf('a'))
  await barrier.reached
  await tier.clear(everything)
  barrier.release()
  assert.equal(await getting, undefined)
  assert.equal(await tier.has(idOf('a')), false)
  await tier.close()
  assert.deepEqual(recordFiles(copy), [])
})

test('files follow behind what was cleared; none is left at the end, and closing waits for them', async (t) => {
  const folder = await makeFolder(t)
  const files = new FaultyFiles()
  const tier = await openTier(folder, { files })
  for (let index = 0; index < 300; index++) await tier.put(idOf(`${index}`), objectOf('a'))
  const barrier = new Barrier()
  files.holds.set('unlink', barrier)
  assert.equal((await tier.clear(everything)).entries, 300)
  assert.deepEqual(counted(tier), { items: 0, bytes: 0 })
  assert.equal(recordFiles(folder).length, 300)
  assert.deepEqual(tier.events.lines, []) // removals are no evictions
  barrier.release()
  await tier.close()
  assert.deepEqual(recordFiles(folder), [])
})

test('closing waits for what is being cleared', async (t) => {
  const folder = await makeFolder(t)
  const tier = await openTier(folder)
  for (let index = 0; index < 600; index++) await tier.put(idOf(`${index}`), objectOf('a'))
  const clearing = tier.clear(everything)
  await tier.close()
  assert.deepEqual(recordFiles(folder), [])
  assert.equal((await clearing).entries, 600)
})

test('an object goes with all of its slices, however far apart and however many', async (t) => {
  const tier = await openTier(await makeFolder(t))
  for (const index of [0, 1, 5, 255, 256, 4000]) await tier.put(sliceIdOf('a', index), sliceOf('s', 1e9))
  await tier.put(sliceIdOf('ab', 0), sliceOf('s', 1e9))
  assert.equal((await tier.clear(ofObject('a'))).entries, 6)
  assert.equal(tier.usage().items, 1)
  await tier.close()
})

test('the event loop has its turn while much is cleared and listed', async (t) => {
  const tier = await openTier(await makeFolder(t))
  for (let index = 0; index < 1000; index++) await tier.put(idOf(`${index}`), objectOf('a'))
  let turns = 0
  const count = () => {
    turns += 1
    ticking = setImmediate(count)
  }
  let ticking = setImmediate(count)
  await tier.each(everything, () => undefined)
  const whileListed = turns
  await tier.clear(everything)
  clearImmediate(ticking)
  assert.ok(whileListed >= 3, `${whileListed} turns`)
  assert.ok(turns - whileListed >= 3, `${turns} turns`)
  await tier.close()
})

for (const [what, forget] of [
  ['an older snapshot', async () => undefined],
  ['no snapshot', (folder: string) => rm(join(folder, 'index'))],
] as const) {
  test(`after a crash with ${what}, files of purged records go, and those of younger ones stay`, async (t) => {
    const folder = await makeFolder(t)
    const running = await openTier(folder)
    const at = Date.now() + 60_000 // later than the files of slices
    const young = objectOf('young', { requestedAt: (at + 1) as EpochMs })
    for (const object of ['known', 'removed', 'other']) await running.put(idOf(object), objectOf(object))
    await running.put(idOf('tagged'), objectOf('tagged', { tags: ['red'] }))
    await running.put(sliceIdOf('sliced', 0), sliceOf('s', 100))
    age(folder)
    await saveIndex(folder, running)
    for (const object of ['new', 'sliced']) await running.put(idOf(object), objectOf(object))
    await running.put(idOf('young'), young)
    for (const object of ['known', 'new', 'young', 'sliced']) await running.keep(purgeOf(ofObject(object), at))
    await running.keep(purgeOf({ kind: 'tag', tag: 'red' }, at))
    const copy = await crashed(folder)
    await running.close()
    await forget(copy)

    const tier = await openTier(copy)
    assert.equal(tier.remembered.length, 5)
    await tier.recovered
    for (const object of ['known', 'new', 'sliced', 'tagged']) {
      assert.equal(await tier.has(idOf(object)), false, object)
      assert.equal(existsSync(pathOf(copy, idOf(object))), false, object)
    }
    assert.equal(await tier.has(sliceIdOf('sliced', 0)), false)
    assert.deepEqual(await tier.get(idOf('young')), young)
    assert.deepEqual(await tier.get(idOf('other')), objectOf('other'))
    assert.deepEqual(counted(tier), recount(copy))
    assert.deepEqual(tier.events.lines, [])
    await tier.close()
  })
}

test('what is cleared while nobody knows all files goes when it is found, by its tags too', async (t) => {
  const folder = await makeFolder(t)
  const running = await openTier(folder)
  for (const object of ['a', 'b']) await running.put(idOf(object), objectOf(object, { tags: ['red'] }))
  for (const object of ['c', 'd', 'kept']) await running.put(idOf(object), objectOf(object))
  await running.close()
  await rm(join(folder, 'index'))
  const tier = await openTier(folder)
  const cleared = [tier.clear({ kind: 'tag', tag: 'red' }), tier.clear(ofObject('c')), tier.clear(ofObject('d'))]
  for (const removed of await Promise.all(cleared)) assert.deepEqual(removed, { entries: 0, bytes: 0, isPending: true })
  await tier.recovered
  assert.deepEqual(recordFiles(folder), [pathOf(folder, idOf('kept'))])
  assert.deepEqual(counted(tier), recount(folder))
  assert.equal((await tier.clear(everything)).isPending, undefined)
  await tier.close()
})

test('after a crash, a file whose removal was due when the index was saved is not forgotten', async (t) => {
  const folder = await makeFolder(t)
  const files = new FaultyFiles()
  const running = await openTier(folder, { files })
  for (let index = 0; index < 20; index++) await running.put(idOf(`${index}`), objectOf('a'))
  const barrier = new Barrier()
  files.holds.set('unlink', barrier)
  await running.clear(everything)
  age(folder)
  await saveIndex(folder, running)
  const copy = await crashed(folder)
  barrier.release()
  await running.close()
  const tier = await openTier(copy)
  await tier.recovered
  assert.deepEqual(counted(tier), recount(copy))
  await tier.close()
})

test('a head is peeked at in its file, and is undefined when that is damaged or gone', async (t) => {
  const folder = await makeFolder(t)
  const tier = await openTier(folder)
  for (const object of ['a', 'b', 'gone']) await tier.put(idOf(object), objectOf(object.repeat(5000)))
  const peeked = await tier.peek(idOf('a'))
  assert.deepEqual(peeked, {
    head: { ...(peeked?.head ?? {}), size: 5000 },
    listed: { id: idOf('a'), bytes: 8192, hits: 0 },
  })
  await copyFile(pathOf(folder, idOf('b')), pathOf(folder, idOf('a')))
  await rm(pathOf(folder, idOf('gone')))
  assert.equal(await tier.peek(idOf('a')), undefined)
  assert.equal(await tier.peek(idOf('gone')), undefined)
  await turn()
  assert.deepEqual(tier.events.lines, [])
  await tier.close()
})
