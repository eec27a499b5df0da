import assert from 'node:assert/strict'
import { chmodSync, chownSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { FolderInUse } from '../../../src/cache/disk-lock.ts'
import { openDiskTier } from '../../../src/cache/disk-tier.ts'
import { everything } from '../../../src/cache/scope.ts'
import { idOf, objectOf } from '../../support/cache-records.ts'
import { runTool } from '../../support/child-process.ts'
import {
  counted,
  KiB,
  makeFolder,
  type OpenedTier,
  openTier,
  pathOf,
  recordFiles,
  recount,
  temporaryFiles,
} from '../../support/disk-folders.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { FaultyFiles } from '../../support/faulty-files.ts'

const nobody = 65_534
const aWhile = 60_000

/** Under another user, where this one may do anything. What runs must not load modules for the first time. */
async function asNobody(folder: string, act: () => Promise<void>): Promise<void> {
  if (process.getuid?.() !== 0) return act()
  chownSync(folder, nobody, nobody)
  process.seteuid?.(nobody)
  try {
    await act()
  } finally {
    process.seteuid?.(0)
  }
}

async function untilUsable(tier: OpenedTier): Promise<void> {
  await tier.clock.advance(aWhile)
  for (let isUsable = false; !isUsable; await turn()) {
    isUsable = await tier.has(idOf('a')).then(
      () => true,
      () => false,
    )
  }
}

for (const [operation, code] of [
  ['write', 'ENOSPC'],
  ['open', 'EMFILE'],
  ['open', 'EACCES'],
  ['rename', 'EIO'],
  ['close', 'EIO'],
] as const) {
  test(`a put that fails with ${code} of ${operation} rejects, leaves neither version and no temporary file, and the next is fine`, async (t) => {
    const folder = await makeFolder(t)
    const files = new FaultyFiles()
    const tier = await openTier(folder, { files })
    await tier.put(idOf('a'), objectOf('older'))
    files.failures.set(operation, code)
    await assert.rejects(tier.put(idOf('a'), objectOf('newer')), { code })
    files.failures.clear()
    assert.equal(await tier.get(idOf('a')), undefined)
    assert.deepEqual(counted(tier), { items: 0, bytes: 0 })
    assert.deepEqual([...recordFiles(folder), ...temporaryFiles(folder)], [])
    await tier.put(idOf('a'), objectOf('newer'))
    assert.deepEqual(await tier.get(idOf('a')), objectOf('newer'))
    await tier.close()
  })
}

/** A full disk: a small file system of its own where one can be mounted, a fault where not. */
async function smallDisk(t: TestContext, files: FaultyFiles) {
  const folder = await mkdtemp(join(tmpdir(), 'yatagarasu-small-'))
  t.after(() => rm(folder, { recursive: true }))
  const run = (tool: string, args: readonly string[]) =>
    runTool(tool, args, { env: process.env, signal: AbortSignal.timeout(10_000) })
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=512k,mode=700', 'none', folder])
  } catch (error) {
    t.diagnostic(`no file system can be mounted here, so that writes fail on purpose instead: ${error}`)
    const fill = () => void files.failures.set('write', 'ENOSPC')
    return { folder, fill, empty: () => files.failures.clear(), leave: async () => '' }
  }
  const ballast = join(folder, 'ballast')
  const fill = () => {
    for (let size = 512 * KiB; size >= 4 * KiB; size /= 2) {
      try {
        writeFileSync(ballast, new Uint8Array(size), { flag: 'a' })
      } catch {} // it took what it could
    }
  }
  return { folder, fill, empty: () => rmSync(ballast), leave: () => run('umount', [folder]) }
}

test('a file system that is full refuses puts, serves what it has, and takes records again when there is room', async (t) => {
  const files = new FaultyFiles()
  const disk = await smallDisk(t, files)
  try {
    const tier = await openTier(disk.folder, { files })
    await tier.put(idOf('a'), objectOf('a'))
    disk.fill()
    await assert.rejects(tier.put(idOf('b'), objectOf(100 * KiB)), { code: 'ENOSPC' })
    assert.deepEqual(await tier.get(idOf('a')), objectOf('a'))
    assert.equal(await tier.get(idOf('b')), undefined)
    assert.deepEqual(temporaryFiles(disk.folder), [])
    await tier.clock.advance(aWhile)
    disk.empty()
    await tier.put(idOf('b'), objectOf(100 * KiB))
    assert.deepEqual(await tier.get(idOf('b')), objectOf(100 * KiB))
    await tier.close()
  } finally {
    await disk.leave()
  }
})

for (const [operation, code] of [
  ['open', 'EMFILE'],
  ['open', 'EACCES'],
  ['read', 'EIO'],
] as const) {
  test(`a get that fails with ${code} of ${operation} rejects, and the record is there when it works again`, async (t) => {
    const files = new FaultyFiles()
    const tier = await openTier(await makeFolder(t), { files })
    await tier.put(idOf('a'), objectOf('a'))
    files.failures.set(operation, code)
    await assert.rejects(tier.get(idOf('a')), { code })
    files.failures.clear()
    assert.deepEqual(await tier.get(idOf('a')), objectOf('a'))
    await tier.close()
    assert.equal(files.opened.size, 0)
  })
}

test('a removal that fails rejects, does not come back, and is made up for', async (t) => {
  const folder = await makeFolder(t)
  const files = new FaultyFiles()
  const tier = await openTier(folder, { files })
  await tier.put(idOf('a'), objectOf('a'))
  files.failures.set('unlink', 'EROFS')
  await assert.rejects(tier.remove(idOf('a')), { code: 'EROFS' })
  assert.equal(await tier.get(idOf('a')), undefined)
  files.failures.clear()
  await tier.clock.advance(aWhile)
  while (recordFiles(folder).length > 0) await turn()
  await tier.close()
})

test('an eviction whose file cannot be removed is told of, and is made up for', async (t) => {
  const folder = await makeFolder(t)
  const files = new FaultyFiles()
  const tier = await openTier(folder, { files, maxBytes: 32 * KiB })
  files.failures.set('unlink', 'EIO')
  for (let index = 0; index < 20; index++) await tier.put(idOf(`${index}`), objectOf(100))
  assert.ok(tier.events.count('disk failed remove') > 0)
  files.failures.clear()
  await tier.clock.advance(aWhile)
  await tier.close()
  assert.deepEqual(recount(folder), counted(tier))
})

test('a folder that was removed underneath is a miss, is made again, and what was lost is not counted for long', async (t) => {
  const folder = await makeFolder(t)
  const tier = await openTier(folder)
  for (let index = 0; index < 10; index++) await tier.put(idOf(`${index}`), objectOf('a'))
  rmSync(folder, { recursive: true })
  assert.equal(await tier.get(idOf('0')), undefined)
  await tier.put(idOf('new'), objectOf('new'))
  assert.deepEqual(await tier.get(idOf('new')), objectOf('new'))
  assert.ok(tier.events.count('disk failed get') > 0)
  await tier.clock.advance(aWhile)
  while (tier.usage().items > 1) await turn()
  assert.deepEqual(counted(tier), recount(folder))
  // The lock was removed with the folder; there is one again.
  await assert.rejects(openTier(folder), FolderInUse)
  await tier.close()
})

test('a folder that was removed is missed though nothing is put', async (t) => {
  const folder = await makeFolder(t)
  const tier = await openTier(folder)
  for (let index = 0; index < 10; index++) await tier.put(idOf(`${index}`), objectOf('a'))
  rmSync(folder, { recursive: true })
  await tier.clock.advance(aWhile)
  while (tier.usage().items > 0) await turn()
  assert.deepEqual(tier.events.lines, ['disk failed get'])
  await tier.put(idOf('new'), objectOf('new'))
  assert.deepEqual(counted(tier), recount(folder))
  await tier.close()
})

test('a folder that another process took over after it was removed is left to it', async (t) => {
  const folder = await makeFolder(t)
  const first = await openTier(folder)
  await first.put(idOf('a'), objectOf('of the first'))
  rmSync(folder, { recursive: true })
  const second = await openTier(folder)
  await second.put(idOf('a'), objectOf('of the second'))
  await first.clock.advance(aWhile)
  while (!first.events.lines.includes('disk failed get')) await turn()
  await assert.rejects(first.get(idOf('a')), /cannot be used/)
  await first.close()
  assert.deepEqual(await second.get(idOf('a')), objectOf('of the second'))
  await second.close()
})

test('a folder in use is refused, with a message that names it', async (t) => {
  const folder = await makeFolder(t)
  const tier = await openTier(folder)
  await assert.rejects(openTier(folder), { message: `the cache folder ${folder} is in use by another process` })
  await tier.put(idOf('a'), objectOf('a'))
  await tier.close()
  await (await openTier(folder)).close()
})

test('a folder without permission makes a tier that fails every call, and works by itself when it may', async (t) => {
  const folder = await makeFolder(t)
  await asNobody(folder, async () => {
    const inside = join(folder, 'cache')
    chmodSync(folder, 0o500)
    const tier = await openTier(inside)
    assert.deepEqual(tier.events.lines, ['disk failed get'])
    await assert.rejects(tier.get(idOf('a')), /the cache folder cannot be used/)
    await assert.rejects(tier.put(idOf('a'), objectOf('a')), /the cache folder cannot be used/)
    await assert.rejects(tier.clear(everything), /the cache folder cannot be used/)
    assert.deepEqual(counted(tier), { items: 0, bytes: 0 })
    await tier.clock.advance(aWhile)
    chmodSync(folder, 0o700)
    await untilUsable(tier)
    await tier.put(idOf('a'), objectOf('a'))
    assert.deepEqual(await tier.get(idOf('a')), objectOf('a'))
    await tier.close()
  })
})

test('permission lost while running refuses puts, and they work again when it is back', async (t) => {
  const folder = await makeFolder(t)
  await asNobody(folder, async () => {
    const tier = await openTier(folder)
    await tier.put(idOf('a'), objectOf('a'))
    for (const name of ['tmp', 'records']) chmodSync(join(folder, name), 0o500)
    await assert.rejects(tier.put(idOf('b'), objectOf('b')), { code: 'EACCES' })
    assert.deepEqual(await tier.get(idOf('a')), objectOf('a'))
    for (const name of ['tmp', 'records']) chmodSync(join(folder, name), 0o700)
    await tier.put(idOf('b'), objectOf('b'))
    assert.deepEqual(await tier.get(idOf('b')), objectOf('b'))
    await tier.close()
  })
})

test('closing a tier that never had its folder works, and nothing is left running', async (t) => {
  const folder = await makeFolder(t)
  await asNobody(folder, async () => {
    chmodSync(folder, 0o500)
    const clock = new FakeClock()
    const events = { evicted: () => undefined, failed: () => undefined }
    const options = { folder: join(folder, 'cache'), maxBytes: 1e6, uselessAfter: () => undefined }
    const tier = await openDiskTier(options, { clock, events, purges: { remembered: () => undefined } })
    await tier.close()
    await tier.recovered
    assert.equal(clock.waiting, 0)
    await assert.rejects(tier.get(idOf('a')), /closed/)
    chmodSync(folder, 0o700)
  })
})

test('a lock file that somebody wrote to is no obstacle', async (t) => {
  const folder = join(await makeFolder(t), 'cache')
  mkdirSync(folder)
  writeFileSync(join(folder, 'lock'), '4711\n')
  const tier = await openTier(folder)
  await assert.rejects(openTier(folder), FolderInUse)
  await tier.close()
  assert.equal(existsSync(pathOf(folder, idOf('a'))), false)
})

test('a pipe where a record was is a miss, and nothing waits for it', async (t) => {
  const folder = await makeFolder(t)
  const first = await openTier(folder)
  await first.put(idOf('a'), objectOf('a'))
  await first.close()
  rmSync(pathOf(folder, idOf('a')))
  const { signal } = t
  await runTool('mkfifo', [pathOf(folder, idOf('a'))], { env: process.env, signal })
  const second = await openTier(folder)
  assert.equal(await second.get(idOf('a')).catch(() => undefined), undefined)
  await second.put(idOf('a'), objectOf('newer'))
  assert.deepEqual(await second.get(idOf('a')), objectOf('newer'))
  await second.close()
})
