import assert from 'node:assert/strict'
import { utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { AuditLine } from '../../../src/audit/audit-sink.ts'
import type { EpochMs } from '../../../src/base/types.ts'
import { FaultyFileSystem } from '../../support/faulty-file-system.ts'
import { auditLine } from '../../support/sink-events.ts'
import { makeFolder, startSink } from './file-rig.ts'

const noon = Date.UTC(2026, 10, 20, 12)
const dayMs = 86_400_000
const lineAt = (text: string, at: number): AuditLine => ({ ...auditLine(text), at: at as EpochMs })

/** A folder with backups of these times, each with its own time in it. */
async function folderWith(t: TestContext, ...stamps: readonly string[]): Promise<string> {
  const folder = await makeFolder(t)
  for (const stamp of stamps) await writeFile(join(folder, `audit.log.${stamp}`), `${stamp}\n`)
  return join(folder, 'audit.log')
}

test('a file that would grow beyond its bound becomes a backup with the time in its name, and no line is split', async (t) => {
  const rig = await startSink(t, { maxFileBytes: 12 })
  await rig.write(...['one', 'two', 'three', 'four'].map((text) => auditLine(text)))
  assert.deepEqual(await rig.names(), ['audit.log', 'audit.log.2026-11-20T10-15-00Z'])
  assert.deepEqual(await rig.lines('audit.log.2026-11-20T10-15-00Z'), ['one', 'two'])
  assert.deepEqual(await rig.lines(), ['three', 'four'])
})

test('of several within a second each has a name of its own', async (t) => {
  const rig = await startSink(t, { maxFileBytes: 4 })
  await rig.write(...['one', 'two', 'six', 'ten'].map((text) => auditLine(text)))
  const backup = 'audit.log.2026-11-20T10-15-00Z'
  assert.deepEqual(await rig.names(), ['audit.log', backup, `${backup}-1`, `${backup}-2`])
  assert.deepEqual(await rig.lines(`${backup}-1`), ['two'])
})

test('after the clock was set back names still tell the order, and the oldest is what goes', async (t) => {
  const rig = await startSink(t, { maxFileBytes: 4, maxBackupFiles: 2 })
  await rig.write(auditLine('one'), auditLine('two'))
  rig.clock.stepWallTime(-60_000)
  await rig.write(auditLine('six'), auditLine('ten'))
  const backup = 'audit.log.2026-11-20T10-15-00Z'
  assert.deepEqual(await rig.names(), ['audit.log', `${backup}-1`, `${backup}-2`])
  assert.deepEqual(await rig.lines(`${backup}-2`), ['six'])
})

test('a line longer than a file may be has one for itself', async (t) => {
  const rig = await startSink(t, { maxFileBytes: 8 })
  await rig.write(auditLine('a'), auditLine('much too long'), auditLine('b'))
  const backup = 'audit.log.2026-11-20T10-15-00Z'
  assert.deepEqual(await rig.lines(backup), ['a'])
  assert.deepEqual(await rig.lines(`${backup}-1`), ['much too long'])
  assert.deepEqual(await rig.lines(), ['b'])
})

test('what is left of a file from before counts', async (t) => {
  const path = await folderWith(t)
  await writeFile(path, 'eleven long\n')
  const rig = await startSink(t, { path, maxFileBytes: 14 })
  await rig.write(auditLine('next'))
  assert.deepEqual(await rig.lines(), ['next'])
  assert.equal((await rig.names()).length, 2)
})

for (const [maxBackupFiles, kept] of [
  [0, []],
  [2, ['2026-11-20T10-15-00Z', '2026-11-19T00-00-00Z-10']],
  [9, ['2026-11-20T10-15-00Z', '2026-11-19T00-00-00Z-10', '2026-11-19T00-00-00Z-9', '2026-11-19T00-00-00Z']],
] as const) {
  test(`of the backups the newest ${maxBackupFiles} are kept`, async (t) => {
    const path = await folderWith(t, '2026-11-19T00-00-00Z', '2026-11-19T00-00-00Z-9', '2026-11-19T00-00-00Z-10')
    const rig = await startSink(t, { path, maxFileBytes: 4, maxBackupFiles })
    await rig.write(auditLine('one'), auditLine('two'))
    assert.deepEqual(await rig.names(), ['audit.log', ...kept.map((stamp) => `audit.log.${stamp}`)].sort())
  })
}

test('files that only look like backups are left alone', async (t) => {
  const strangers = ['2026-11-20T10-15-00Z.gz', '2026-99-99T10-15-00Z', '1', '2026-11-20T10-15-00']
  const path = await folderWith(t, ...strangers)
  await writeFile(join(path, '..', 'other.log.2026-11-20T10-15-00Z'), '')
  const rig = await startSink(t, { path, maxFileBytes: 4, maxBackupFiles: 0 })
  await rig.write(auditLine('one'), auditLine('two'))
  const expected = ['audit.log', 'other.log.2026-11-20T10-15-00Z', ...strangers.map((stamp) => `audit.log.${stamp}`)]
  assert.deepEqual(await rig.names(), expected.sort())
})

test('backups that are too old are removed at the start, and as days go by', async (t) => {
  const path = await folderWith(t, '2026-11-18T12-00-00Z', '2026-11-19T12-00-00Z', '2026-11-20T11-00-00Z')
  const rig = await startSink(t, { path, startsAt: noon, maxAgeMs: 1.25 * dayMs })
  await rig.sink.reopen()
  assert.deepEqual(await rig.names(), ['audit.log', 'audit.log.2026-11-19T12-00-00Z', 'audit.log.2026-11-20T11-00-00Z'])
  await rig.clock.advance(dayMs)
  await rig.sink.reopen()
  assert.deepEqual(await rig.names(), ['audit.log', 'audit.log.2026-11-20T11-00-00Z'])
})

test('a backup that cannot be removed is told, and writing goes on', async (t) => {
  const files = new FaultyFileSystem()
  files.fails = (call) => call === 'unlink'
  const path = await folderWith(t, '2026-11-18T12-00-00Z')
  const rig = await startSink(t, { path, files, maxFileBytes: 4, maxBackupFiles: 0 })
  await rig.write(auditLine('one'), auditLine('two'))
  assert.deepEqual(await rig.lines(), ['two'])
  assert.ok(rig.events.failures.length > 0)
})

test('a rotation that fails loses nothing and is made up for', async (t) => {
  const files = new FaultyFileSystem()
  const rig = await startSink(t, { files, maxFileBytes: 4 })
  await rig.write(auditLine('one'))
  files.fails = (call) => call === 'rename'
  rig.sink.record(auditLine('two'))
  await rig.clock.advance(1000)
  await rig.failures(1)
  files.fails = () => false
  await rig.clock.advance(1000)
  await rig.events.untilWritten(2)
  assert.deepEqual(await rig.lines(), ['two'])
  assert.equal((await rig.names()).length, 2)
})

test('a day ends at midnight UTC: its lines are in its file, also those that were still waiting', async (t) => {
  const rig = await startSink(t, { rotation: 'daily', startsAt: noon + dayMs / 2 - 500 })
  rig.sink.record(lineAt('before', noon + dayMs / 2 - 500))
  await rig.clock.advance(500)
  await rig.events.untilWritten(1)
  await rig.sink.reopen()
  await rig.write(lineAt('after', noon + dayMs / 2))
  assert.deepEqual(await rig.lines('audit.log.2026-11-21T00-00-00Z'), ['before'])
  assert.deepEqual(await rig.lines(), ['after'])
})

test('a day without requests ends as well, and one without any line leaves no file behind', async (t) => {
  const rig = await startSink(t, { rotation: 'daily', startsAt: noon })
  await rig.write(lineAt('only', noon))
  await rig.clock.advance(dayMs / 2)
  await rig.sink.reopen()
  assert.equal((await rig.names()).length, 2)
  await rig.clock.advance(2 * dayMs)
  await rig.sink.reopen()
  assert.equal((await rig.names()).length, 2)
})

test('a file that never got its first line is no backup when the day ends', async (t) => {
  const files = new FaultyFileSystem()
  const rig = await startSink(t, { files, rotation: 'daily', startsAt: noon })
  files.fails = (call) => call === 'write'
  rig.sink.record(lineAt('only', noon))
  await rig.clock.advance(1000)
  await rig.failures(1)
  await rig.clock.advance(dayMs / 2)
  await rig.sink.reopen()
  assert.deepEqual(await rig.names(), ['audit.log'])
})

test('a line of a request that began before midnight and ended after it opens no file for the old day', async (t) => {
  const rig = await startSink(t, { rotation: 'daily', startsAt: noon })
  await rig.write(lineAt('today', noon), lineAt('tomorrow', noon + dayMs), lineAt('late', noon))
  assert.deepEqual(await rig.lines(), ['tomorrow', 'late'])
})

test('after a restart on the next day the file of the old one becomes a backup, on the same day it does not', async (t) => {
  const path = await folderWith(t)
  await writeFile(path, 'older\n')
  await utimes(path, noon / 1000, noon / 1000)
  const rig = await startSink(t, { path, rotation: 'daily', startsAt: noon })
  await rig.write(lineAt('same day', noon))
  assert.deepEqual(await rig.lines(), ['older', 'same day'])
  await rig.sink.close()

  await utimes(path, noon / 1000, noon / 1000)
  const next = await startSink(t, { path, rotation: 'daily', startsAt: noon + dayMs - 1000 })
  await next.write(lineAt('next day', noon + dayMs))
  assert.deepEqual(await next.lines(), ['next day'])
  assert.deepEqual(await next.lines('audit.log.2026-11-21T12-00-00Z'), ['older', 'same day'])
})
