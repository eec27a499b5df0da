/**
 * What does the audit cost? `node bench/audit.ts [--seconds N]` measures making an entry, and a file sink with and without
 * a chain under 1,000 and 20,000 requests a second: processor time, and the longest step that keeps requests waiting.
 * Exits 1 when an entry is dropped, or a step under 1,000 requests a second takes 2 ms or more.
 */
import fileSystem, { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createEntryFormat } from '../src/audit/audit-entry.ts'
import { createAuditLog } from '../src/audit/audit-log.ts'
import { Chain } from '../src/audit/chain.ts'
import { FileSink } from '../src/audit/file-sink.ts'
import type { FileSystem } from '../src/audit/live-file.ts'
import { createRedaction } from '../src/audit/redact.ts'
import { systemClock } from '../src/base/clock.ts'
import { createTrace } from '../src/base/trace.ts'
import type { EpochMs } from '../src/base/types.ts'
import { answerOf, auditedRequest, sentWhole } from '../test/support/audited-requests.ts'
import { measure } from './micro/measure.ts'

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '10' } } })
const seconds = Number(values.seconds)
const longestStepMs = 2

const fields = {
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36',
  referer: 'https://www.example.org/gallery/summer?page=3',
}
const answer = answerOf(200)
const sent = sentWhole(48_213)
const trace = {
  ...createTrace(),
  bucket: 'images',
  key: 'summer/beach-0042.jpg',
  cache: 'hit',
  subject: 'ann',
} as const
const redaction = createRedaction({ headers: [], parameters: ['ticket'], anonymizeIp: false })

const requestAt = (number: number, query = '') =>
  auditedRequest({ fields, path: '/images/summer/beach-0042.jpg', query, receivedAt: (1.8e12 + number) as EpochMs })

await measureEntries()
const results: boolean[] = []
for (const isChained of [false, true]) {
  for (const rate of [1000, 20_000]) results.push(await runSink(rate, isChained))
}
process.exitCode = results.every(Boolean) ? 0 : 1

async function measureEntries(): Promise<void> {
  const format = createEntryFormat(redaction)
  const chain = new Chain(undefined)
  for (const [what, query, finish] of [
    ['an entry', '', (entry: string) => entry],
    ['an entry of a request with a query', 'width=800&ticket=abc', (entry: string) => entry],
    ['an entry in a chain', '', (entry: string) => chain.link(entry)],
  ] as const) {
    const requests = Array.from({ length: 1000 }, (_, number) => requestAt(number, query))
    let bytes = 0
    await measure(what, 200_000, (times) => {
      for (let done = 0; done < times; done++) {
        const request = requests[done % 1000]
        if (request !== undefined) bytes += finish(format(request, answer, trace, sent, 1.234)).length
      }
    })
    if (bytes === 0) throw new Error('nothing was made')
  }
}

/** Every step that the sink takes on the main thread: recording a line, and whatever runs when the file system answers. */
async function runSink(rate: number, isChained: boolean): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'yatagarasu-bench-'))
  let written = 0
  let dropped = 0
  const events = {
    written: (_sink: string, lines: number) => {
      written += lines
    },
    dropped: (_sink: string, lines: number) => {
      dropped += lines
    },
    failed: (_sink: string, error: unknown) => console.error(error),
  }
  const file = { path: join(folder, 'audit.log'), maxFileBytes: 50 << 20, maxBackupFiles: 5, bufferBytes: 64 << 10 }
  let longestMs = 0
  const note = (ms: number) => {
    longestMs = Math.max(longestMs, ms)
  }
  const ports = { clock: systemClock, events, files: watched(note) }
  const sink = new FileSink({ ...file, rotation: 'size', maxAgeMs: undefined }, ports)
  const chain = isChained ? new Chain(undefined) : undefined
  const log = createAuditLog({ level: 'info', redaction, chain }, [sink])
  const cpu = process.cpuUsage()
  const startMs = performance.now()
  let recorded = 0
  while (recorded < seconds * rate) {
    const due = Math.min(seconds * rate, Math.floor(((performance.now() - startMs) / 1000) * rate))
    while (recorded < due) {
      const request = requestAt(recorded++)
      const stepMs = busyMs()
      log.observe(request, answer, trace, sent, 1.234)
      note(busyMs() - stepMs)
    }
    await sleep(1)
  }
  const { user, system } = process.cpuUsage(cpu)
  await sink.close()
  await rm(folder, { recursive: true })
  const share = ((user + system) / 1e6 / seconds) * 100
  const what = `${rate} requests a second${isChained ? ', chained' : ''}`
  const figures = `${share.toFixed(1)} % of a core, longest step ${longestMs.toFixed(2)} ms`
  const isGood = dropped === 0 && written === recorded && (rate > 1000 || longestMs < longestStepMs)
  console.log(`${what}: ${figures}, ${written} of ${recorded} written: ${isGood ? 'good' : 'FAILED'}`)
  return isGood
}

/** The system's files; what runs when one of them answers, until nothing is left to run, is a step. */
function watched(note: (ms: number) => void): FileSystem {
  const after = async <T>(answer: Promise<T>): Promise<T> => {
    const result = await answer
    const startMs = busyMs()
    process.nextTick(() => note(busyMs() - startMs))
    return result
  }
  const open = async (path: string, flags: string, mode: number) => {
    const handle = await fileSystem.open(path, flags, mode)
    const write = handle.write.bind(handle) as (bytes: Uint8Array) => Promise<unknown>
    return Object.assign(handle, { write: (bytes: Uint8Array) => after(write(bytes)) })
  }
  const stat = (path: string) => after(fileSystem.stat(path))
  return { ...fileSystem, open: open as typeof fileSystem.open, stat: stat as typeof fileSystem.stat }
}

/** Processor time of the main thread: what others do on this machine meanwhile is no step of ours. */
function busyMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
