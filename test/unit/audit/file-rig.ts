import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { AuditLine } from '../../../src/audit/audit-sink.ts'
import { FileSink, type FileSinkOptions, type FileSinkPorts } from '../../../src/audit/file-sink.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { RecordedSinkEvents } from '../../support/sink-events.ts'

export interface Rig {
  readonly sink: FileSink
  readonly clock: FakeClock
  readonly events: RecordedSinkEvents
  readonly folder: string
  readonly path: string
  /** Lets a second go by, and waits until all of it is written. */
  write(...lines: readonly AuditLine[]): Promise<void>
  /** Waits until so many attempts have failed, and the next one is set. */
  failures(times: number): Promise<void>
  /** The lines of a file of the folder, `audit.log` unless told. */
  lines(name?: string): Promise<readonly string[]>
  /** Names of what lies in the folder, in order. */
  names(): Promise<readonly string[]>
}

export async function makeFolder(t: Pick<TestContext, 'after'>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'yatagarasu-audit-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

type Settings = Partial<FileSinkOptions> & Partial<Pick<FileSinkPorts, 'files' | 'bounds'>> & { startsAt?: number }

/** A sink on a clock that stands a second before 2026-11-20T10:15:00Z, which gathers lines for a second whatever their size. */
export async function startSink(t: Pick<TestContext, 'after'>, settings: Settings = {}): Promise<Rig> {
  const { files, bounds, startsAt = Date.UTC(2026, 10, 20, 10, 14, 59), ...options } = settings
  const path = options.path ?? join(await makeFolder(t), 'audit.log')
  const folder = join(path, '..')
  const clock = new FakeClock(startsAt)
  const events = new RecordedSinkEvents()
  const sink = new FileSink(
    {
      ...{ maxFileBytes: 1e9, maxBackupFiles: 5, rotation: 'size', bufferBytes: 1e9, maxAgeMs: undefined },
      ...options,
      path,
    },
    { clock, events, ...(files && { files }), ...(bounds && { bounds }) },
  )
  t.after(async () => {
    await sink.close()
    await rm(folder, { recursive: true, force: true }) // which lines that still waited may have made again
  })
  return {
    ...{ sink, clock, events, folder, path },
    async write(...lines) {
      const enough = events.writtenLines + lines.length
      for (const line of lines) sink.record(line)
      await clock.advance(1000)
      await events.untilWritten(enough)
      await turn() // it is told before the sink is ready for the next
    },
    async failures(times) {
      await events.untilFailed(times)
      await clock.untilWaiting(2) // for it, and for midnight
    },
    lines: (name = 'audit.log') => linesIn(join(folder, name)),
    names: async () => (await readdir(folder)).sort(),
  }
}

export async function linesIn(path: string): Promise<readonly string[]> {
  const text = await readFile(path, 'utf8')
  return text === '' ? [] : text.replace(/\n$/, '').split('\n')
}
