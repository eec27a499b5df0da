/**
 * How soon does a full disk tier serve after a clean stop and after a kill, what does its index cost, and how long does a
 * purge take?
 * `node bench/million-records.ts [--records N] [--bytes N] [--folder DIR]` fills a folder and starts on it, again and again.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '1000000' },
    bytes: { type: 'string', default: '1024' },
    folder: { type: 'string', default: tmpdir() },
  },
})
const records = Number(values.records)
/** Written between the last snapshot and the kill: a minute of a busy proxy. */
const unsaved = Math.round(records / 20)
const folder = mkdtempSync(join(values.folder, 'yatagarasu-million-'))
const script = (name: string) => join(import.meta.dirname, 'disk', name)

interface Opened {
  readonly servesMs: number
  readonly recoveredMs: number
  readonly longestMs: number
  readonly memoryBytes: number
  readonly items: number
  readonly bytes: number
  readonly found: number
}

interface Took {
  readonly tookMs: number
  readonly longestMs: number
}

interface Purges {
  readonly purged: Readonly<Record<string, Took & { readonly entries: number }>>
  /** With the files of everything. */
  readonly closed: Took
}

try {
  const startedAt = performance.now()
  run('writer.ts', folder, '0', String(records), values.bytes)
  say(`written and closed: ${records} records of ${values.bytes} bytes in ${seconds(performance.now() - startedAt)} s`)
  report('after a clean stop', open(records))
  await writeAndKill()
  report(`after a kill, ${unsaved} records unsaved`, open(records + unsaved))
  reportPurges(JSON.parse(run('purger.ts', folder, String(records + unsaved))) as Purges)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function run(name: string, ...args: string[]): string {
  const done = spawnSync(process.execPath, ['--expose-gc', script(name), ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (done.status !== 0) throw new Error(`${name} ended with ${done.status ?? done.signal}`)
  return done.stdout
}

function open(expected: number): Opened {
  const opened = JSON.parse(run('reader.ts', folder, String(expected))) as Opened
  if (opened.items !== expected) throw new Error(`${opened.items} records instead of ${expected}`)
  if (opened.found !== 1000) throw new Error(`${opened.found} of 1000 records could be read`)
  return opened
}

async function writeAndKill(): Promise<void> {
  const args = [script('writer.ts'), folder, String(records), String(unsaved), values.bytes, 'hold']
  const writer = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await Promise.race([
    once(writer.stdout, 'data'),
    once(writer, 'exit').then(() => {
      throw new Error('the writer ended early')
    }),
  ])
  writer.kill('SIGKILL')
  await once(writer, 'exit')
}

function report(when: string, { servesMs, recoveredMs, longestMs, memoryBytes, items, bytes }: Opened): void {
  say(`${when}: serves after ${seconds(servesMs)} s, complete after ${seconds(recoveredMs)} s`)
  say(`  longest turn of the event loop meanwhile: ${longestMs.toFixed(1)} ms`)
  say(`  memory: ${(memoryBytes / items).toFixed(1)} bytes a record, key and tag text included (heap and external)`)
  say(`  ${items} records, ${(bytes / 2 ** 30).toFixed(2)} GiB of disk`)
}

function reportPurges({ purged, closed }: Purges): void {
  for (const [scope, { entries, tookMs, longestMs }] of Object.entries(purged)) {
    say(`purge of ${scope}: ${entries} records in ${tookMs.toFixed(1)} ms, longest turn ${longestMs.toFixed(1)} ms`)
  }
  say(`their files, and closing: ${seconds(closed.tookMs)} s, longest turn ${closed.longestMs.toFixed(1)} ms`)
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(2)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
