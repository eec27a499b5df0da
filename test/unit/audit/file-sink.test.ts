import assert from 'node:assert/strict'
import { mkdir, rename, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { FaultyFileSystem } from '../../support/faulty-file-system.ts'
import { auditLine, numberedLines } from '../../support/sink-events.ts'
import { makeFolder, startSink } from './file-rig.ts'

const lines = numberedLines(6)
const texts = (...indexes: readonly number[]) => indexes.map((index) => lines[index]?.text)

test('lines are in the file a second after they came, and what was there stays', async (t) => {
  const folder = await makeFolder(t)
  await writeFile(join(folder, 'audit.log'), 'older\n')
  const rig = await startSink(t, { path: join(folder, 'audit.log') })

  for (const line of lines.slice(0, 2)) rig.sink.record(line)
  await rig.clock.advance(999)
  assert.deepEqual([rig.sink.depth, rig.events.writtenLines], [2, 0])
  await rig.clock.advance(1)
  await rig.events.untilWritten(2)

  assert.deepEqual(await rig.lines(), ['older', ...texts(0, 1)])
  assert.equal(rig.sink.depth, 0)
})

test('a full buffer is written without waiting', async (t) => {
  const rig = await startSink(t, { bufferBytes: 20 })
  for (const line of lines.slice(0, 2)) rig.sink.record(line)
  await rig.events.untilWritten(2)
  assert.deepEqual(await rig.lines(), texts(0, 1))
})

test('folders are made for the owner alone, and so is the file', async (t) => {
  const rig = await startSink(t, { path: join(await makeFolder(t), 'a', 'b', 'audit.log') })
  await rig.write(auditLine('{}'))
  assert.equal((await stat(rig.folder)).mode & 0o777, 0o700)
  assert.equal((await stat(rig.path)).mode & 0o777, 0o600)
})

test('closing writes what waits, and what comes later is dropped', async (t) => {
  const rig = await startSink(t)
  for (const line of lines) rig.sink.record(line)
  await rig.sink.close()
  rig.sink.record(auditLine('late'))
  await rig.sink.reopen()
  await rig.sink.close()

  assert.deepEqual(await rig.lines(), texts(0, 1, 2, 3, 4, 5))
  assert.deepEqual(rig.events.drops, [{ lines: 1, reason: 'closed' }])
})

test('closing does not wait for ever for a disk that does not answer', async (t) => {
  const files = new FaultyFileSystem()
  const rig = await startSink(t, { files })
  await rig.write(auditLine('{}'))
  Object.assign(files, { stat: () => new Promise(() => {}) })
  for (const line of lines) rig.sink.record(line)

  const closed = rig.sink.close()
  await rig.clock.advance(5000)
  await closed

  assert.deepEqual(rig.events.drops, [{ lines: 6, reason: 'lost' }])
  assert.equal(rig.sink.depth, 0)
})

test('a torn last line is ended before anything is written behind it', async (t) => {
  const folder = await makeFolder(t)
  await writeFile(join(folder, 'audit.log'), 'whole\nhal')
  const rig = await startSink(t, { path: join(folder, 'audit.log') })
  await rig.write(auditLine('{}'))
  assert.deepEqual(await rig.lines(), ['whole', 'hal', '{}'])
})

test('after a rotation by others, reopening goes on in a file of the old name', async (t) => {
  const rig = await startSink(t)
  await rig.write(...lines.slice(0, 2))
  await rename(rig.path, `${rig.path}.1`)
  await rig.sink.reopen()
  await rig.write(...lines.slice(2, 4))
  assert.deepEqual(await rig.lines('audit.log.1'), texts(0, 1))
  assert.deepEqual(await rig.lines(), texts(2, 3))
})

for (const [what, take] of [
  ['removed', rm],
  ['moved away', (path: string) => rename(path, `${path}.moved`)],
  [
    'replaced by another',
    async (path: string) => rename(path, `${path}.moved`).then(() => writeFile(path, `${'-'.repeat(99)}\n`)),
  ],
  ['emptied', (path: string) => truncate(path)],
] as const) {
  test(`a file that was ${what} is noticed, and the next lines are in the one that has the name`, async (t) => {
    const rig = await startSink(t)
    await rig.write(...lines.slice(0, 2))
    await take(rig.path)
    await rig.write(...lines.slice(2, 4))
    assert.deepEqual((await rig.lines()).slice(-2), texts(2, 3))
    assert.ok(!(await rig.lines()).includes(lines[1]?.text ?? ''))
    assert.deepEqual(rig.events.failures, [])
  })
}

test('a folder that vanished is made again', async (t) => {
  const rig = await startSink(t, { path: join(await makeFolder(t), 'a', 'audit.log') })
  await rig.write(...lines.slice(0, 2))
  await rm(rig.folder, { recursive: true })
  await rig.write(...lines.slice(2, 4))
  assert.deepEqual(await rig.lines(), texts(2, 3))
})

test('while the disk is full lines wait, every attempt is told, and the first with room writes them in order', async (t) => {
  const rig = await startSink(t, { path: join(await makeFolder(t), 'audit.log') })
  await rig.write(...lines.slice(0, 1))
  await rm(rig.path)
  await symlink('/dev/full', rig.path)
  for (const line of lines.slice(1)) rig.sink.record(line)
  for (let attempt = 1; attempt <= 3; attempt++) {
    await rig.clock.advance(1000)
    await rig.failures(attempt)
    assert.match(String(rig.events.failures.at(-1)), /ENOSPC/)
  }
  assert.equal(rig.sink.depth, 5)

  await rm(rig.path)
  await rig.write()
  await rig.sink.close()
  assert.deepEqual(await rig.lines(), texts(1, 2, 3, 4, 5))
  assert.deepEqual(rig.events.drops, [])
})

test('a place that cannot be written to is told at once, and used when it can', async (t) => {
  const folder = await makeFolder(t)
  await mkdir(join(folder, 'audit.log'))
  const rig = await startSink(t, { path: join(folder, 'audit.log') })
  await rig.events.untilFailed(1)
  assert.match(String(rig.events.failures[0]), /EISDIR/)
  await rm(rig.path, { recursive: true })
  await rig.write(...lines)
  assert.equal((await rig.lines()).length, 6)
})

test('when lines have waited for too long the newest are dropped, and the number is told', async (t) => {
  const files = new FaultyFileSystem()
  const rig = await startSink(t, { files, bounds: { maxLines: 4, maxBytes: 1e6 } })
  files.fails = (call) => call === 'write'
  for (const line of lines) rig.sink.record(line)
  await rig.clock.advance(1000)
  await rig.failures(1)
  assert.equal(rig.events.droppedLines('queue full'), 2)

  files.fails = () => false
  await rig.write()
  await rig.clock.advance(1000)
  await rig.events.untilWritten(4)
  assert.deepEqual(await rig.lines(), texts(0, 1, 2, 3))
})

test('what a disk that is full at the end did not take is told as lost', async (t) => {
  const files = new FaultyFileSystem()
  const rig = await startSink(t, { files })
  files.fails = (call) => call === 'write'
  for (const line of lines) rig.sink.record(line)
  await rig.sink.close()
  assert.deepEqual(rig.events.drops, [{ lines: 6, reason: 'lost' }])
})

for (const [what, take] of [
  ['taken away', (path: string) => rename(path, `${path}.1`)],
  ['emptied', (path: string) => truncate(path)],
] as const) {
  test(`a line that was half in a file when that was ${what} is written once more, whole`, async (t) => {
    const files = new FaultyFileSystem()
    const rig = await startSink(t, { files })
    let writes = 0
    files.takes = () => 5
    files.fails = (call) => call === 'write' && ++writes > 1
    rig.sink.record(auditLine('0123456789'))
    await rig.clock.advance(1000)
    await rig.failures(1)
    assert.deepEqual(await rig.lines(), ['01234'])

    await take(rig.path)
    files.takes = (bytes) => bytes
    files.fails = () => false
    await rig.write()
    await rig.events.untilWritten(1)
    assert.deepEqual(await rig.lines(), ['0123456789'])
  })
}

test('while writes fail there is one attempt in a second, however many lines come', async (t) => {
  const files = new FaultyFileSystem()
  const rig = await startSink(t, { files, bufferBytes: 1 })
  files.fails = (call) => call === 'write'
  rig.sink.record(auditLine('first'))
  await rig.failures(1)
  for (const line of lines) {
    rig.sink.record(line)
    await rig.sink.reopen()
  }
  assert.equal(rig.events.failures.length, 1)
  await rig.clock.advance(1000)
  await rig.failures(2)
})
