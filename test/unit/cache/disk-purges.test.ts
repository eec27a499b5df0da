import assert from 'node:assert/strict'
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { appendFile, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { crc32 } from 'node:zlib'
import type { EpochMs } from '../../../src/base/types.ts'
import type { Purge } from '../../../src/cache/purge.ts'
import { everything, type Scope } from '../../../src/cache/scope.ts'
import { Barrier } from '../../support/barrier.ts'
import { idOf, objectOf } from '../../support/cache-records.ts'
import { crashed, makeFolder, type OpenedTier, openTier } from '../../support/disk-folders.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { FaultyFiles } from '../../support/faulty-files.ts'

const start = Date.UTC(2026, 0, 1)
const hourMs = 3_600_000

function purgeOf(scope: Scope, at = start, kind: Purge['kind'] = 'hard'): Purge {
  return { id: `${at}`, scope, at: at as EpochMs, kind }
}

const ofObject = (object: string, at = start) => purgeOf({ kind: 'object', id: idOf(object) }, at)
const fileIn = (folder: string) => join(folder, 'purges')
const linesIn = (folder: string) => readFileSync(fileIn(folder), 'utf8').trimEnd().split('\n').length

/** Lets the timer of the tier do its work. */
async function tidied(tier: OpenedTier, isDone: () => boolean): Promise<void> {
  await tier.clock.advance(60_000)
  while (!isDone()) await turn()
}

test('what was kept is remembered by whoever opens the folder after a crash, and after a stop', async (t) => {
  const folder = await makeFolder(t)
  const running = await openTier(folder)
  assert.deepEqual(running.remembered, [])
  const purges = [ofObject('a', 1), purgeOf({ kind: 'tag', tag: 'red' }, 2, 'soft'), purgeOf(everything, 3)]
  for (const purge of purges) await running.keep(purge)
  const copy = await crashed(folder)
  await running.close()
  for (const path of [copy, folder]) {
    const tier = await openTier(path)
    assert.deepEqual(JSON.stringify(tier.remembered), JSON.stringify(purges))
    await tier.close()
  }
})

test('of two purges of one scope the newer one is remembered', async (t) => {
  const folder = await makeFolder(t)
  const tier = await openTier(folder)
  for (const at of [2, 3, 1]) await tier.keep(ofObject('a', at))
  await tier.close()
  const again = await openTier(folder)
  assert.deepEqual(
    again.remembered.map(({ at }) => at),
    [3],
  )
  await again.close()
})

test('purges that come at the same time share the waits for the disk', async (t) => {
  const files = new FaultyFiles()
  const tier = await openTier(await makeFolder(t), { files })
  await tier.keep(ofObject('first'))
  assert.equal(files.synced, 2) // the file and its name
  const barrier = new Barrier()
  files.holds.set('sync', barrier)
  const one = tier.keep(ofObject('one'))
  await barrier.reached
  const others = Array.from({ length: 50 }, (_, at) => tier.keep(ofObject(`${at}`)))
  barrier.release()
  await Promise.all([one, ...others])
  assert.equal(files.synced, 4)
  await tier.close()
})

test('a purge is kept when the disk has it, not before', async (t) => {
  const folder = await makeFolder(t)
  const files = new FaultyFiles()
  const tier = await openTier(folder, { files })
  for (const object of ['into a new file', 'behind others']) {
    const barrier = new Barrier()
    files.holds.set('sync', barrier)
    let isKept = false
    const keeping = tier.keep(ofObject(object)).then(() => {
      isKept = true
    })
    await barrier.reached
    await turn()
    assert.equal(isKept, false)
    barrier.release()
    await keeping
  }
  await tier.close()
})

for (const operation of ['open', 'write', 'sync', 'close'] as const) {
  test(`a purge that fails at ${operation} is not kept; the next one is, and all that were before`, async (t) => {
    const folder = await makeFolder(t)
    const files = new FaultyFiles()
    const tier = await openTier(folder, { files })
    await tier.keep(ofObject('before'))
    files.failures.set(operation, 'EIO')
    await assert.rejects(tier.keep(ofObject('lost')), { code: 'EIO' })
    files.failures.clear()
    if (operation === 'write') await appendFile(fileIn(folder), 'half a li') // as a full disk takes what it can
    await tier.keep(ofObject('after'))
    const again = await openTier(await crashed(folder))
    const remembered = new Set(again.remembered.flatMap(({ scope }) => (scope.kind === 'object' ? scope.id : [])))
    assert.ok(remembered.isSupersetOf(new Set([idOf('before'), idOf('after')])))
    assert.deepEqual(again.events.lines, [])
    await again.close()
    await tier.close()
  })
}

test('a purge is not kept while the folder cannot be used', async (t) => {
  const parent = await makeFolder(t)
  writeFileSync(join(parent, 'cache'), 'in its place')
  const tier = await openTier(join(parent, 'cache'))
  await assert.rejects(tier.keep(ofObject('a')), /the cache folder cannot be used/)
  await tier.close()
  await assert.rejects(tier.keep(ofObject('a')), /closed/)
})

test('purges that somebody removed are written again with the next one', async (t) => {
  const folder = await makeFolder(t)
  const tier = await openTier(folder)
  await tier.keep(ofObject('a'))
  rmSync(fileIn(folder))
  await tier.keep(ofObject('b'))
  assert.equal(linesIn(folder), 3)
  await tier.close()
})

test('a line that a crash tore is left out, and what follows is not glued to it', async (t) => {
  const folder = await makeFolder(t)
  const first = await openTier(folder)
  await first.keep(ofObject('a'))
  await first.close()
  await appendFile(fileIn(folder), '01234567 {"id":"half')
  for (const expected of [1, 2, 3]) {
    const tier = await openTier(folder)
    assert.equal(tier.remembered.length, expected)
    assert.deepEqual(tier.events.lines, [])
    await tier.keep(ofObject(`${expected}`))
    await tier.close()
  }
})

for (const [what, spoil] of [
  ['damaged in the middle', (text: string) => text.replace('"kind":"object"', '"kind":"0bject"')],
  [
    'of a later version',
    (text: string) => text.replace(/^.*\n/, `${crc32('{"format":2}').toString(16).padStart(8, '0')} {"format":2}\n`),
  ],
  ['emptied', () => ''],
] as const) {
  test(`a file that is ${what} stands for a purge of everything, from now on and once`, async (t) => {
    const folder = await makeFolder(t)
    const first = await openTier(folder)
    for (const object of ['a', 'b']) await first.keep(ofObject(object))
    await first.close()
    writeFileSync(fileIn(folder), spoil(readFileSync(fileIn(folder), 'utf8')))

    const second = await openTier(folder)
    const now = second.clock.now()
    const told = second.remembered.map(({ scope, at, kind }) => ({ scope, at, kind }))
    assert.deepEqual(told, [{ scope: everything, at: now, kind: 'hard' }])
    assert.deepEqual(second.events.lines, ['disk failed get'])
    assert.equal(second.syncedAt(), undefined)
    const copy = await crashed(folder)
    await second.close()

    const later = new FakeClock()
    await later.advance(hourMs)
    const third = await openTier(copy, { clock: later })
    assert.deepEqual(
      third.remembered.map(({ at }) => at),
      [now],
    )
    assert.deepEqual(third.events.lines, [])
    await third.close()
  })
}

test('a file that cannot be read keeps the folder from being used', async (t) => {
  const folder = await makeFolder(t)
  await mkdir(fileIn(folder))
  const tier = await openTier(folder)
  await assert.rejects(tier.get(idOf('a')), /the cache folder cannot be used/)
  await tier.close()
})

test('until when others were heard is remembered with what they said', async (t) => {
  const folder = await makeFolder(t)
  const first = await openTier(folder)
  assert.equal(first.syncedAt(), undefined)
  first.noteSynced(start as EpochMs)
  assert.equal(first.syncedAt(), start)
  await tidied(first, () => statSync(fileIn(folder), { throwIfNoEntry: false }) !== undefined)
  const copy = await crashed(folder)
  first.noteSynced((start + 1) as EpochMs)
  await first.close()
  for (const [path, expected] of [
    [copy, start],
    [folder, start + 1],
  ] as const) {
    const tier = await openTier(path)
    assert.equal(tier.syncedAt(), expected)
    await tier.close()
  }
})

test('hard purges older than a day are left out of the file after a start, soft ones when they are forgotten', async (t) => {
  const folder = await makeFolder(t)
  const first = await openTier(folder)
  const now = first.clock.now()
  const old = now - 25 * hourMs
  const soft = purgeOf({ kind: 'bucket', bucket: 'media' }, old, 'soft')
  for (const purge of [ofObject('old', old), ofObject('young', now - hourMs), soft]) await first.keep(purge)
  await first.close()
  assert.equal(linesIn(folder), 4)

  const second = await openTier(folder)
  assert.equal(second.remembered.length, 3)
  await second.recovered
  await tidied(second, () => linesIn(folder) === 3)
  second.forget(soft)
  await rm(fileIn(folder))
  await second.keep(ofObject('young too', now))
  await second.close()

  const third = await openTier(folder)
  const left = third.remembered.map(({ scope }) => scope)
  assert.deepEqual(left, [
    { kind: 'object', id: idOf('young') },
    { kind: 'object', id: idOf('young too') },
  ])
  await third.close()
})

test('no purge is left out while a file that it covers may lie there', async (t) => {
  const folder = await makeFolder(t)
  const files = new FaultyFiles()
  const first = await openTier(folder, { files })
  await first.put(idOf('a'), objectOf('a'))
  await first.keep(ofObject('a', first.clock.now() - 25 * hourMs))
  await first.close()

  const second = await openTier(folder, { files })
  await second.recovered
  await second.put(idOf('b'), objectOf('b'))
  files.failures.set('unlink', 'EIO')
  await second.clear({ kind: 'object', id: idOf('b') })
  while (second.events.count('disk failed remove') === 0) await turn()
  second.noteSynced(start as EpochMs)
  await tidied(second, () => linesIn(folder) === 3)
  assert.equal(linesIn(folder), 3) // the version, the purge, the time: appended, not written anew
  files.failures.clear()
  second.noteSynced((start + 1) as EpochMs)
  await tidied(second, () => linesIn(folder) !== 3)
  assert.equal(linesIn(folder), 2)
  await second.close()
})
