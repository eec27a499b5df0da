import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { FolderInUse } from '../../../src/cache/disk-lock.ts'
import { idOf, objectOf } from '../../support/cache-records.ts'
import { counted, crashed, makeFolder, openTier, pathOf, recount, temporaryFiles } from '../../support/disk-folders.ts'

const aWhile = 60_000

test('a put that finds the folder gone makes it again, and tells of it', async (t) => {
  const folder = await makeFolder(t)
  const tier = await openTier(folder)
  await tier.put(idOf('a'), objectOf('a'))
  rmSync(folder, { recursive: true })
  await tier.put(idOf('b'), objectOf('b'))
  assert.deepEqual(tier.events.lines, ['disk failed get'])
  await tier.clock.advance(aWhile)
  while (tier.usage().items > 1) await turn()
  assert.deepEqual(counted(tier), recount(folder))
  await tier.close()
})

test('a file that somebody removed is a miss that is told of, and others are looked for', async (t) => {
  const folder = await makeFolder(t)
  const tier = await openTier(folder)
  for (const object of ['a', 'b', 'kept']) await tier.put(idOf(object), objectOf(object))
  for (const object of ['a', 'b']) rmSync(pathOf(folder, idOf(object)))
  assert.equal(await tier.get(idOf('a')), undefined)
  assert.deepEqual(tier.events.lines, ['disk failed get'])
  assert.equal(tier.usage().items, 2)
  await tier.clock.advance(aWhile)
  while (tier.usage().items > 1) await turn()
  assert.deepEqual(counted(tier), recount(folder))
  assert.deepEqual(tier.events.lines, ['disk failed get'])
  await tier.close()
})

for (const name of ['lock', 'lock-too']) {
  test(`a folder whose ${name} was removed is still in use, and has one again`, async (t) => {
    const folder = await makeFolder(t)
    const tier = await openTier(folder)
    await tier.put(idOf('a'), objectOf('a'))
    rmSync(join(folder, name))
    await assert.rejects(openTier(folder), FolderInUse)
    rmSync(join(folder, name), { force: true })
    await tier.clock.advance(aWhile)
    while (!existsSync(join(folder, name))) await turn()
    await assert.rejects(openTier(folder), FolderInUse)
    assert.deepEqual(await tier.get(idOf('a')), objectOf('a'))
    await tier.close()
  })
}

test('an empty folder in the place of a record is a miss, and makes way for one', async (t) => {
  const folder = await makeFolder(t)
  const tier = await openTier(folder)
  await tier.put(idOf('a'), objectOf('a'))
  rmSync(pathOf(folder, idOf('a')))
  mkdirSync(pathOf(folder, idOf('a')))
  assert.equal(await tier.get(idOf('a')), undefined)
  await tier.put(idOf('a'), objectOf('newer'))
  assert.deepEqual(await tier.get(idOf('a')), objectOf('newer'))
  assert.deepEqual(counted(tier), recount(folder))
  await tier.close()
})

test('a folder in the place of a record that holds something is left alone, and no removal of the record is owed', async (t) => {
  const folder = await makeFolder(t)
  const tier = await openTier(folder)
  mkdirSync(join(pathOf(folder, idOf('a')), 'precious'), { recursive: true })
  await assert.rejects(tier.put(idOf('a'), objectOf('a')), { code: 'EISDIR' })
  assert.equal(await tier.get(idOf('a')), undefined)
  assert.deepEqual(await tier.remove(idOf('a')), { entries: 0, bytes: 0 })
  assert.deepEqual(temporaryFiles(folder), [])
  assert.deepEqual(counted(tier), { items: 0, bytes: 0 })
  await tier.close()
  assert.ok(existsSync(join(pathOf(folder, idOf('a')), 'precious')))
})

test('strangers beside the folders of records are removed, but for folders that hold something, which are told of', async (t) => {
  const folder = await makeFolder(t)
  const running = await openTier(folder)
  await running.put(idOf('kept'), objectOf('kept'))
  const copy = await crashed(folder)
  await running.close()
  const records = join(copy, 'records')
  const taken = dirname(pathOf(copy, idOf('never put')))
  for (const path of [join(records, 'core'), join(records, 'ABC'), taken]) writeFileSync(path, 'not a record')
  symlinkSync('/nowhere', join(records, 'link'))
  mkdirSync(join(records, 'empty'))
  mkdirSync(join(records, 'backup'))
  writeFileSync(join(records, 'backup', 'precious'), 'of somebody else')
  mkdirSync(pathOf(copy, idOf('never put either')), { recursive: true })
  const tier = await openTier(copy)
  await tier.recovered
  const known = ['backup', ...[idOf('kept'), idOf('never put either')].map((id) => basename(dirname(pathOf(copy, id))))]
  assert.deepEqual(readdirSync(records).sort(), known.sort())
  assert.equal(readFileSync(join(records, 'backup', 'precious'), 'utf8'), 'of somebody else')
  assert.deepEqual(tier.events.lines, ['disk failed get'])
  for (const id of [idOf('never put'), idOf('never put either')]) {
    await tier.put(id, objectOf('new'))
    assert.deepEqual(await tier.get(id), objectOf('new'))
  }
  await tier.close()
})
