import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { S3Sink, type S3SinkOptions } from '../../../src/audit/s3-sink.ts'
import { createCredentialSource } from '../../../src/origin/credentials.ts'
import { advanceUntil } from '../../support/advance-until.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { createFakeRandom } from '../../support/fake-random.ts'
import { RecordedSinkEvents } from '../../support/sink-events.ts'

export const exportIntervalMs = 300_000

/** Of each test its own; it is not made yet. */
export function spoolFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'yatagarasu-spool-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'audit', 'spool')
}

type Options = Partial<S3SinkOptions> & { readonly endpoint: string; readonly spoolFolder: string }

const random = createFakeRandom()

export async function openS3Sink(t: TestContext, options: Options, maxSpoolBytes?: number) {
  const clock = new FakeClock()
  const events = new RecordedSinkEvents()
  const all: S3SinkOptions = {
    bucket: 'audits',
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { kind: 'static', accessKeyId: 'AKIATEST', secretAccessKey: 'secret' },
    keyPrefix: 'logs/',
    exportIntervalMs,
    ...options,
  }
  const credentials = createCredentialSource(all.credentials, all.region, clock)
  const bound = maxSpoolBytes === undefined ? {} : { maxSpoolBytes }
  const ports = { clock, random, events, credentials, hostname: 'cache-1', ...bound }
  const sink = await S3Sink.open(all, ports)
  t.after(() => advanceUntil(clock, sink.close()))
  return { clock, events, sink }
}

/** Every file in the spool but the locks, by its path below it. */
export function spooledFiles(folder: string): ReadonlyMap<string, string> {
  const files = new Map<string, string>()
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    const path = join(folder, name)
    if (statSync(path).isFile() && !name.endsWith('/lock')) files.set(name, readFileSync(path, 'utf8'))
  }
  return files
}

/** The numbers in lines made from numbered lines. */
export function numbersIn(text: string): readonly number[] {
  const lines = text.split('\n').slice(0, -1)
  return lines.map((line) => (JSON.parse(line) as { number: number }).number)
}
