import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, rmdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { S3Sink } from '../../../src/audit/s3-sink.ts'
import { advanceUntil } from '../../support/advance-until.ts'
import type { FakeClock } from '../../support/fake-clock.ts'
import { auditLine, numberedLines } from '../../support/sink-events.ts'
import { startUploadServer } from '../../support/upload-server.ts'
import { exportIntervalMs, numbersIn, openS3Sink, spooledFiles, spoolFolder } from './s3-rig.ts'

const count = (length: number) => Array.from({ length }, (_, index) => index)
const keyForm = /^\/audits\/logs\/yatagarasu-audit-\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d-cache-1-[0-9a-f]{8}\.jsonl$/

test('the lines of an interval are one object, and nothing of it stays on disk', async (t) => {
  const server = await startUploadServer(t)
  const folder = spoolFolder(t)
  const { sink, events, clock } = await openS3Sink(t, { endpoint: server.endpoint, spoolFolder: folder })
  for (const line of numberedLines(1000)) sink.record(line)
  await untilExport(clock, sink)
  await events.untilWritten(1000)
  const [[path, body] = ['', '']] = server.objects
  assert.match(path, keyForm)
  assert.match(path, /2026-01-01-00-05-00/)
  assert.deepEqual(numbersIn(body), count(1000))
  assert.equal(server.attempts.length, 1)
  assert.equal(spooledFiles(folder).size, 0)
})

test('lines are in the spool a second later, for nobody else to read', async (t) => {
  const server = await startUploadServer(t)
  const folder = spoolFolder(t)
  const { sink, clock } = await openS3Sink(t, { endpoint: server.endpoint, spoolFolder: folder })
  for (const line of numberedLines(3)) sink.record(line)
  assert.equal(sink.depth, 3)
  await clock.advance(1000)
  await waitUntil(() => sink.depth === 0)
  const [[name, text] = ['', '']] = spooledFiles(folder)
  assert.deepEqual(numbersIn(text), [0, 1, 2])
  assert.equal(statSync(folder).mode & 0o777, 0o700)
  assert.equal(statSync(join(folder, name, '..')).mode & 0o777, 0o700)
  assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600)
})

test('an interval without a line uploads nothing', async (t) => {
  const server = await startUploadServer(t)
  const { clock } = await openS3Sink(t, { endpoint: server.endpoint, spoolFolder: spoolFolder(t) })
  for (let interval = 0; interval < 5; interval++) await clock.advance(exportIntervalMs)
  assert.deepEqual(server.attempts, [])
})

test('a batch ends at 16 MiB, and two within a second have two names', async (t) => {
  const server = await startUploadServer(t)
  const { sink, events } = await openS3Sink(t, { endpoint: server.endpoint, spoolFolder: spoolFolder(t) })
  const text = JSON.stringify({ padding: 'x'.repeat(100_000) })
  for (let line = 0; line < 500; line++) sink.record(auditLine(text))
  await events.untilWritten(334)
  await sink.close()
  assert.equal(events.writtenLines, 500)
  assert.equal(server.objects.size, 4)
  for (const body of server.objects.values()) assert.ok(body.length <= 16 << 20)
  assert.deepEqual([...server.objects.keys()].sort(), [...server.objects.keys()])
})

for (const [mood, said] of [
  ['slow-down', /SlowDown/],
  ['denied', /InvalidAccessKeyId/],
  ['cut', /ECONNRESET|socket hang up|EPIPE/],
  ['silent', /the upload took longer than 120 s/],
] as const) {
  test(`a batch is kept while the answer is "${mood}", that is told, and it is uploaded afterwards`, async (t) => {
    const server = await startUploadServer(t)
    server.mood = mood
    const folder = spoolFolder(t)
    const { sink, events, clock } = await openS3Sink(t, { endpoint: server.endpoint, spoolFolder: folder })
    for (const line of numberedLines(100)) sink.record(line)
    await untilExport(clock, sink)
    for (let attempt = 1; attempt <= 3; attempt++) {
      await server.untilAttempts(attempt)
      if (mood === 'silent') await clock.advance(120_000)
      await events.untilFailed(attempt)
      await clock.untilWaiting(2) // the next export, and the next attempt
      if (attempt < 3) await clock.advance(4000)
    }
    for (const failure of events.failures) assert.match(String(failure), said)
    assert.equal(spooledFiles(folder).size, 1)
    assert.equal(events.writtenLines, 0)
    server.mood = 'well'
    await advanceUntil(clock, events.untilWritten(100), 50)
    assert.deepEqual(numbersIn([...server.objects.values()].join('')), count(100))
    assert.equal(new Set(server.attempts).size, 1)
    assert.equal(spooledFiles(folder).size, 0)
  })
}

test('while S3 is away for twenty seconds nothing is lost', async (t) => {
  const server = await startUploadServer(t)
  server.mood = 'slow-down'
  const options = { endpoint: server.endpoint, spoolFolder: spoolFolder(t), exportIntervalMs: 5000 }
  const { sink, events, clock } = await openS3Sink(t, options)
  for (let second = 0; second < 25; second++) {
    for (const line of numberedLines(100, second * 100)) sink.record(line)
    await clock.advance(1000)
    await waitUntil(() => sink.depth === 0)
    if (second === 20) server.mood = 'well'
  }
  await advanceUntil(clock, events.untilWritten(2500), 50)
  assert.deepEqual(numbersIn([...server.objects.values()].join('')), count(2500))
  assert.deepEqual(events.drops, [])
  assert.ok(events.failures.length > 2)
})

test('closing uploads what there is, and lines that come later are dropped', async (t) => {
  const server = await startUploadServer(t)
  const folder = spoolFolder(t)
  const { sink, events, clock } = await openS3Sink(t, { endpoint: server.endpoint, spoolFolder: folder })
  for (const line of numberedLines(50)) sink.record(line)
  await sink.close()
  sink.record(auditLine('{}'))
  assert.deepEqual(numbersIn([...server.objects.values()].join('')), count(50))
  assert.deepEqual(events.drops, [{ lines: 1, reason: 'closed' }])
  assert.equal(spooledFiles(folder).size, 0)
  assert.equal(clock.waiting, 0)
})

for (const mood of ['slow-down', 'silent'] as const) {
  test(`closing leaves in the spool what S3 does not take in ten seconds ("${mood}")`, async (t) => {
    const server = await startUploadServer(t)
    server.mood = mood
    const folder = spoolFolder(t)
    const { sink, events, clock } = await openS3Sink(t, { endpoint: server.endpoint, spoolFolder: folder })
    for (const line of numberedLines(50)) sink.record(line)
    const closed = sink.close()
    await server.untilAttempts(1)
    if (mood === 'silent') await clock.advance(9000)
    await closed
    assert.deepEqual(numbersIn([...spooledFiles(folder).values()].join('')), count(50))
    assert.deepEqual(events.drops, [])
    assert.equal(clock.waiting, 0)
  })
}

test('a full spool keeps what it has and drops what is new, and takes lines again when S3 does', async (t) => {
  const server = await startUploadServer(t)
  server.mood = 'slow-down'
  const options = { endpoint: server.endpoint, spoolFolder: spoolFolder(t) }
  const { sink, events, clock } = await openS3Sink(t, options, 1000)
  const record = async (first: number) => {
    for (const line of numberedLines(20, first)) sink.record(line)
    await clock.advance(1000)
    await waitUntil(() => sink.depth === 0)
  }
  for (let second = 0; second < 10; second++) await record(second * 20)
  assert.ok([...spooledFiles(options.spoolFolder).values()].join('').length <= 1000)
  const dropped = events.droppedLines('queue full')
  assert.ok(dropped > 0)
  server.mood = 'well'
  await advanceUntil(clock, events.untilWritten(200 - dropped), 50)
  await record(200)
  await sink.close()
  const kept = numbersIn([...server.objects.values()].join(''))
  assert.deepEqual(kept, [...count(200 - dropped), ...count(20).map((index) => 200 + index)])
})

test('lines wait in memory while the spool cannot be written to, and none is lost', async (t) => {
  const server = await startUploadServer(t)
  const folder = spoolFolder(t)
  const { sink, events, clock } = await openS3Sink(t, { endpoint: server.endpoint, spoolFolder: folder })
  const obstacle = join(folder, readdirSync(folder)[0] ?? '', 'open')
  mkdirSync(obstacle)
  for (const line of numberedLines(10)) sink.record(line)
  await clock.advance(1000)
  await events.untilFailed(1)
  assert.match(String(events.failures[0]), /EISDIR/)
  assert.equal(sink.depth, 10)
  rmdirSync(obstacle)
  await clock.untilWaiting(2) // the next export, and the next attempt
  await clock.advance(1000)
  await waitUntil(() => sink.depth === 0)
  await sink.close()
  assert.deepEqual(numbersIn([...server.objects.values()].join('')), count(10))
  assert.deepEqual(events.drops, [])
})

test('a batch that somebody removed does not keep the others from their upload', async (t) => {
  const server = await startUploadServer(t)
  server.mood = 'slow-down'
  const folder = spoolFolder(t)
  const { sink, events, clock } = await openS3Sink(t, { endpoint: server.endpoint, spoolFolder: folder })
  sink.record(auditLine('{"number":0}'))
  await untilExport(clock, sink)
  await events.untilFailed(1)
  for (const name of spooledFiles(folder).keys()) rmSync(join(folder, name))
  server.mood = 'well'
  sink.record(auditLine('{"number":1}'))
  await advanceUntil(clock, events.untilWritten(1), 50)
  assert.match(String(events.failures.at(-1)), /ENOENT/)
  assert.deepEqual(numbersIn([...server.objects.values()].join('')), [1])
})

/** Until the end of the first interval, with everything in the spool. */
async function untilExport(clock: FakeClock, sink: S3Sink): Promise<void> {
  await clock.advance(1000)
  await waitUntil(() => sink.depth === 0)
  await clock.advance(exportIntervalMs - clock.monotonicMs())
}

async function waitUntil(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(setImmediate)
}
