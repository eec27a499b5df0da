import assert from 'node:assert/strict'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { test } from 'node:test'
import type { EpochMs, RecordId } from '../../../src/base/types.ts'
import { Barrier } from '../../support/barrier.ts'
import { idOf, objectOf } from '../../support/cache-records.ts'
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
  temporaryFiles,
} from '../../support/disk-folders.ts'
import { FaultyFiles } from '../../support/faulty-files.ts'

test('temporary files of a crash are swept at the start', async (t) => {
  const folder = await makeFolder(t)
  await (await openTier(folder)).close()
  writeFileSync(join(folder, 'tmp', '17'), 'half a record')
  mkdirSync(join(folder, 'tmp', 'a folder'))
  const tier = await openTier(folder)
  await tier.put(idOf('a'), objectOf('a'))
  assert.deepEqual(temporaryFiles(folder), [])
  await tier.close()
})

test('records that were removed behind its back are not counted at the next start', async (t) => {
  const folder = await makeFolder(t)
  const first = await openTier(folder)
  await first.put(idOf('a'), objectOf('a'))
  await first.close()
  await rm(join(folder, 'records'), { recursive: true })
  const second = await openTier(folder)
  assert.equal(second.usage().items, 0)
  assert.equal(second.usage().bytes, 0)
  await second.close()
})

for (const [what, forget] of [
  ['an older snapshot', async () => undefined],
  ['no snapshot', (folder: string) => rm(join(folder, 'index'), { force: true })],
] as const) {
  test(`after a crash with ${what}, the files say what there is`, async (t) => {
    const folder = await makeFolder(t)
    const running = await openTier(folder)
    for (const object of ['kept', 'replaced', 'removed']) await running.put(idOf(object), objectOf(object))
    await saveIndex(folder, running)
    await running.put(idOf('replaced'), objectOf('by something longer'.repeat(500)))
    await running.put(idOf('new'), objectOf('new'))
    await running.remove(idOf('removed'))
    const copy = await crashed(folder)
    await running.close()
    await forget(copy)
    const tier = await openTier(copy)
    await tier.recovered
    assert.deepEqual(counted(tier), recount(copy))
    assert.equal(tier.usage().items, 3)
    assert.deepEqual(await tier.get(idOf('kept')), objectOf('kept'))
    assert.deepEqual(await tier.get(idOf('replaced')), objectOf('by something longer'.repeat(500)))
    assert.deepEqual(await tier.get(idOf('new')), objectOf('new'))
    assert.equal(await tier.get(idOf('removed')), undefined)
    assert.deepEqual(tier.events.lines, [])
    await tier.close()
  })
}

test('what the snapshot knows is served before the files were looked at, and what it knows wrongly is put right', async (t) => {
  const folder = await makeFolder(t)
  const running = await openTier(folder)
  for (const object of ['kept', 'replaced']) await running.put(idOf(object), objectOf(object))
  await saveIndex(folder, running)
  await running.put(idOf('replaced'), objectOf('by something longer'))
  const copy = await crashed(folder)
  await running.close()
  const tier = await openTier(copy)
  assert.deepEqual(await tier.get(idOf('kept')), objectOf('kept'))
  assert.deepEqual(await tier.get(idOf('replaced')), objectOf('by something longer'))
  assert.deepEqual(tier.events.lines, [])
  await tier.close()
})

test('after a crash, folders that did not change since the snapshot are taken as known', async (t) => {
  const folder = await makeFolder(t)
  const running = await openTier(folder)
  for (const object of ['a', 'b']) await running.put(idOf(object), objectOf(object))
  age(folder)
  await saveIndex(folder, running)
  // The snapshot knows the length of a file, so that a look at this one would remove it.
  truncateSync(pathOf(folder, idOf('a')), 40)
  const copy = await crashed(folder)
  await running.close()
  const tier = await openTier(copy)
  await tier.recovered
  assert.equal(tier.usage().items, 2)
  await tier.close()
})

test('strangers among the files, files of another format and files by the name of another record are removed', async (t) => {
  const folder = await makeFolder(t)
  const running = await openTier(folder)
  for (const object of ['a', 'kept']) await running.put(idOf(object), objectOf(object))
  const copy = await crashed(folder)
  await running.close()
  const path = pathOf(copy, idOf('a'))
  writeFileSync(join(dirname(path), 'notes.txt'), 'not a record')
  writeFileSync(join(dirname(path), `${'0'.repeat(31)}1`), 'in the wrong folder')
  writeFileSync(path, 'YREC, but nothing of ours follows')
  mkdirSync(dirname(pathOf(copy, idOf('never put'))), { recursive: true })
  copyFileSync(pathOf(copy, idOf('kept')), pathOf(copy, idOf('never put')))
  const tier = await openTier(copy)
  await tier.recovered
  assert.deepEqual(recordFiles(copy), [pathOf(copy, idOf('kept'))])
  assert.deepEqual(counted(tier), recount(copy))
  assert.deepEqual(tier.events.lines, ['disk failed get', 'disk failed get'])
  await tier.close()
})

for (const how of ['stop', 'crash'] as const) {
  test(`records past every use are removed at the start after a ${how}, and are evictions by age`, async (t) => {
    const folder = await makeFolder(t)
    const clockStart = Date.UTC(2026, 0, 1)
    const uselessAfter = (id: RecordId) =>
      id === idOf('forever') ? undefined : ((clockStart + (id === idOf('old') ? -1000 : 5000)) as EpochMs)
    const running = await openTier(folder, { uselessAfter })
    for (const object of ['old', 'young', 'forever']) await running.put(idOf(object), objectOf(object))
    const copy = await crashed(folder)
    await running.close()
    const tier = await openTier(how === 'stop' ? folder : copy, { uselessAfter })
    await tier.recovered
    assert.equal(await tier.has(idOf('old')), false)
    assert.equal(existsSync(pathOf(how === 'stop' ? folder : copy, idOf('old'))), false)
    assert.equal(tier.usage().items, 2)
    assert.deepEqual(tier.events.lines, ['disk evicted media expired'])
    await tier.close()
  })
}

test('what is put, removed or cleared while the files are looked at wins over what is found', async (t) => {
  const folder = await makeFolder(t)
  const running = await openTier(folder)
  for (const object of ['put', 'removed', 'kept']) await running.put(idOf(object), objectOf('old'))
  await running.put(idOf('cleared', 'other'), objectOf('old'))
  await saveIndex(folder, running)
  for (const object of ['put too', 'removed too']) await running.put(idOf(object), objectOf('old'))
  await running.put(idOf('cleared too', 'other'), objectOf('old'))
  const copy = await crashed(folder)
  await running.close()
  const tier = await openTier(copy)
  const [removed, , cleared] = await Promise.all([
    Promise.all(['removed', 'removed too'].map((object) => tier.remove(idOf(object)))),
    Promise.all(['put', 'put too'].map((object) => tier.put(idOf(object), objectOf('new')))),
    tier.clear({ kind: 'bucket', bucket: 'other' }),
    tier.put(idOf('while it is cleared', 'other'), objectOf('may go or stay')),
  ])
  await tier.recovered
  assert.deepEqual(
    removed.map(({ entries }) => entries),
    [1, 1],
  )
  assert.ok(cleared.entries >= 1) // the other one goes when it is found
  assert.equal(cleared.isPending, true)
  for (const object of ['put', 'put too']) assert.deepEqual(await tier.get(idOf(object)), objectOf('new'))
  assert.equal(tier.usage().items, (await tier.has(idOf('while it is cleared', 'other'))) ? 4 : 3)
  assert.deepEqual(counted(tier), recount(copy))
  await tier.close()
})

test('while nobody knows how full the folder is, records are declined', async (t) => {
  const folder = await makeFolder(t)
  const running = await openTier(folder)
  for (let index = 0; index < 10; index++) await running.put(idOf(`${index}`), objectOf('a'))
  await running.close()
  await rm(join(folder, 'index'))
  const tier = await openTier(folder)
  await tier.put(idOf('new'), objectOf('new'))
  assert.equal(await tier.get(idOf('new')), undefined)
  await tier.recovered
  assert.equal(tier.usage().items, 10)
  await tier.put(idOf('new'), objectOf('new'))
  assert.deepEqual(await tier.get(idOf('new')), objectOf('new'))
  await tier.close()
})

test('a tier that is closed before it knew everything does not say at the next start that it did', async (t) => {
  const folder = await makeFolder(t)
  const running = await openTier(folder)
  for (let index = 0; index < 10; index++) await running.put(idOf(`${index}`), objectOf('a'))
  await running.close()
  await rm(join(folder, 'index'))
  await (await openTier(folder)).close()
  const tier = await openTier(folder)
  await tier.recovered
  assert.equal(tier.usage().items, 10)
  await tier.close()
})

test('a record whose file was renamed when the index was saved, and not entered yet, is found after a crash', async (t) => {
  const folder = await makeFolder(t)
  const files = new FaultyFiles()
  const running = await openTier(folder, { files })
  await running.put(idOf('a'), objectOf('a'))
  const barrier = new Barrier()
  files.lateHolds.set('rename', barrier)
  const putting = running.put(idOf('b'), objectOf('b'))
  await barrier.reached
  age(folder)
  await saveIndex(folder, running)
  const copy = await crashed(folder)
  barrier.release()
  await putting
  await running.close()
  const tier = await openTier(copy)
  await tier.recovered
  assert.deepEqual(await tier.get(idOf('b')), objectOf('b'))
  assert.deepEqual(counted(tier), recount(copy))
  await tier.close()
})

test('a change right after the index was saved shows, though the time of the folder is the same', async (t) => {
  const folder = await makeFolder(t)
  const running = await openTier(folder)
  await running.put(idOf('a'), objectOf('a'))
  const inFolder = dirname(pathOf(folder, idOf('a')))
  const thisSecond = Math.floor(Date.now() / 1000)
  utimesSync(inFolder, thisSecond, thisSecond)
  await saveIndex(folder, running)
  await running.put(idOf('a'), objectOf(10_000))
  utimesSync(inFolder, thisSecond, thisSecond)
  const copy = await crashed(folder)
  await running.close()
  const tier = await openTier(copy)
  await tier.recovered
  assert.equal(statSync(inFolder.replace(folder, copy)).mtimeMs, thisSecond * 1000)
  assert.deepEqual(counted(tier), recount(copy))
  await tier.close()
})

test('a record that is being removed while its folder is looked at stays removed', async (t) => {
  const folder = await makeFolder(t)
  const running = await openTier(folder)
  for (const object of ['a', 'b']) await running.put(idOf(object), objectOf(object))
  await saveIndex(folder, running)
  const copy = await crashed(folder)
  await running.close()
  const files = new FaultyFiles()
  const tier = await openTier(copy, { files })
  const barrier = new Barrier()
  files.holds.set('unlink', barrier)
  const removing = tier.remove(idOf('a'))
  await tier.recovered
  barrier.release()
  assert.equal((await removing).entries, 1)
  assert.deepEqual(counted(tier), recount(copy))
  assert.equal(tier.usage().items, 1)
  await tier.close()
})

test('a snapshot that was changed into saying that a folder is as it was is not believed', async (t) => {
  const folder = await makeFolder(t)
  const running = await openTier(folder)
  await running.put(idOf('a'), objectOf('a'))
  await saveIndex(folder, running)
  await running.put(idOf('a'), objectOf(10_000))
  const copy = await crashed(folder)
  await running.close()
  const path = pathOf(copy, idOf('a'))
  const snapshot = readFileSync(join(copy, 'index'))
  const timesAt = 32
  snapshot.writeDoubleLE(statSync(dirname(path)).mtimeMs, timesAt + 8 * Number.parseInt(basename(dirname(path)), 16))
  writeFileSync(join(copy, 'index'), snapshot)
  const tier = await openTier(copy)
  await tier.recovered
  assert.deepEqual(counted(tier), recount(copy))
  await tier.close()
})
