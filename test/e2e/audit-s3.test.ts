/** The S3 sink against a real S3 server that checks every signature. */

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { S3Sink, type S3SinkOptions } from '../../src/audit/s3-sink.ts'
import { systemClock } from '../../src/base/clock.ts'
import { systemRandom } from '../../src/base/random.ts'
import { createCredentialSource } from '../../src/origin/credentials.ts'
import { kill, spawnBound } from '../support/child-process.ts'
import { type S3Server, startS3 } from '../support/s3-server.ts'
import { auditLine, numberedLines, RecordedSinkEvents } from '../support/sink-events.ts'

async function optionsFor(t: TestContext, s3: S3Server): Promise<S3SinkOptions> {
  const spoolFolder = await mkdtemp(join(tmpdir(), 'yatagarasu-spool-'))
  t.after(() => rm(spoolFolder, { recursive: true, force: true, maxRetries: 3 }))
  return {
    bucket: await s3.bucket(),
    region: s3.region,
    endpoint: s3.endpoint,
    forcePathStyle: true,
    credentials: { kind: 'static', accessKeyId: s3.accessKeyId, secretAccessKey: s3.secretAccessKey },
    keyPrefix: 'audit logs/é+',
    exportIntervalMs: 200,
    spoolFolder,
  }
}

async function openSink(options: S3SinkOptions) {
  const events = new RecordedSinkEvents()
  const credentials = createCredentialSource(options.credentials, options.region, systemClock)
  const ports = { clock: systemClock, random: systemRandom, events, credentials, hostname: 'cache-1' }
  return { events, sink: await S3Sink.open(options, ports) }
}

async function uploaded(s3: S3Server, Bucket: string): Promise<ReadonlyMap<string, string>> {
  const { Contents = [] } = await s3.client.send(new ListObjectsV2Command({ Bucket }))
  const objects = new Map<string, string>()
  for (const { Key = '' } of Contents) {
    const { Body } = await s3.client.send(new GetObjectCommand({ Bucket, Key }))
    objects.set(Key, (await Body?.transformToString()) ?? '')
  }
  return objects
}

function numbersIn(text: string): readonly number[] {
  const lines = text.split('\n').slice(0, -1)
  return lines.map((line) => (JSON.parse(line) as { number: number }).number)
}

test('lines are in S3 as they were recorded, under the promised name', async (t) => {
  const s3 = await startS3()
  const options = await optionsFor(t, s3)
  const { sink, events } = await openSink(options)
  for (const line of numberedLines(1000)) sink.record(line)
  sink.record(auditLine('{"number":1000,"object_key":"films/été ☃.mp4"}'))
  await sink.close()
  assert.deepEqual(events.failures, [])
  const [[key, body] = ['', ''], ...others] = await uploaded(s3, options.bucket)
  assert.deepEqual(others, [])
  assert.match(key, /^audit logs\/é\+yatagarasu-audit-\d{4}(-\d\d){5}-cache-1-[0-9a-f]{8}\.jsonl$/)
  assert.deepEqual(
    numbersIn(body),
    Array.from({ length: 1001 }, (_, index) => index),
  )
  assert.match(body, /films\/été ☃\.mp4"}\n$/)
})

test('a batch of several megabytes is uploaded whole', async (t) => {
  const s3 = await startS3()
  const options = await optionsFor(t, s3)
  const { sink, events } = await openSink(options)
  const text = JSON.stringify({ padding: 'é'.repeat(20_000) })
  for (let line = 0; line < 200; line++) sink.record(auditLine(text))
  await events.untilWritten(200)
  await sink.close()
  const body = [...(await uploaded(s3, options.bucket)).values()].join('')
  assert.equal(body, `${text}\n`.repeat(200))
})

test('keys that S3 does not accept lose nothing: the next process has better ones', async (t) => {
  const s3 = await startS3()
  const options = await optionsFor(t, s3)
  const wrong = { kind: 'static', accessKeyId: s3.accessKeyId, secretAccessKey: 'wrong' } as const
  const { sink, events } = await openSink({ ...options, credentials: wrong })
  for (const line of numberedLines(10)) sink.record(line)
  await sink.close()
  assert.match(String(events.failures[0]), /SignatureDoesNotMatch/)
  assert.equal((await uploaded(s3, options.bucket)).size, 0)

  const next = await openSink(options)
  await next.events.untilWritten(10)
  await next.sink.close()
  assert.deepEqual(
    numbersIn([...(await uploaded(s3, options.bucket)).values()].join('')),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  )
})

const crashes = Number(process.env['AUDIT_CRASHES'] ?? 4)

test(`after kill -9 at ${crashes} moments, each line that was in the spool is in S3`, async (t) => {
  const s3 = await startS3()
  for (let crash = 1; crash <= crashes; crash++) {
    const options = await optionsFor(t, s3)
    const safe = await killWhileRecording(options, crash * 7)
    assert.ok(safe > 0)
    const { sink } = await openSink(options)
    await sink.close()
    const found = new Set([...(await uploaded(s3, options.bucket)).values()].flatMap(numbersIn))
    for (let number = 0; number < safe; number++) assert.ok(found.has(number), `line ${number} of ${safe} is missing`)
  }
})

/** Resolves with how many lines the process said were safe; it has had so many reports of progress to do so. */
async function killWhileRecording(options: S3SinkOptions, reports: number): Promise<number> {
  const recorder = join(import.meta.dirname, '../support/audit-recorder.ts')
  const child = spawnBound(process.execPath, [recorder, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  assert.ok(child.stdout)
  let safe = 0
  let left = reports
  for await (const line of createInterface(child.stdout)) {
    safe = Number(line)
    if (safe > 0) left -= 1
    if (left === 0) break
  }
  await kill(child)
  return safe
}
