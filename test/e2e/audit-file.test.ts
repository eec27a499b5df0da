import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { FileSink } from '../../src/audit/file-sink.ts'
import { verifyChain } from '../../src/audit/verify.ts'
import { systemClock } from '../../src/base/clock.ts'
import { runTool, spawnBound } from '../support/child-process.ts'
import { FaultyFileSystem } from '../support/faulty-file-system.ts'
import { numberedLines, RecordedSinkEvents } from '../support/sink-events.ts'

const writer = join(import.meta.dirname, '../support/audit-writer.ts')

async function makeFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'yatagarasu-audit-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Rotated files and the live one, oldest first. */
async function filesIn(folder: string): Promise<readonly string[]> {
  const order = new Intl.Collator('en', { numeric: true })
  const [live = '', ...backups] = (await readdir(folder)).sort(order.compare)
  return [...backups, live].map((name) => join(folder, name))
}

/** Resolves with how many lines it said were written until it was killed. */
async function killWhileWriting(path: string, first: number, reports: number): Promise<number> {
  const child = spawnBound(process.execPath, [writer, path, `${first}`], { stdio: ['ignore', 'pipe', 'inherit'] })
  assert.ok(child.stdout)
  const exit = once(child, 'exit')
  let written = 0
  let seen = 0
  for await (const line of createInterface(child.stdout)) {
    written = Number(line)
    if (++seen === reports) child.kill('SIGKILL')
  }
  await exit
  assert.equal(child.signalCode, 'SIGKILL')
  return written
}

test('after kill -9 at any moment, what was written is there, and the chain goes on through all files', async (t) => {
  const folder = await makeFolder(t)
  const promised: number[] = []
  const crashes = 5
  for (let crash = 0; crash < crashes; crash++) {
    const first = crash * 1e6
    const written = await killWhileWriting(join(folder, 'audit.log'), first, 1 + crash * 17)
    for (let number = first; number < first + written; number++) promised.push(number)
  }
  const files = await filesIn(folder)
  const { broken, isFromBeginning, entries } = await verifyChain(files)
  assert.deepEqual([broken, isFromBeginning], [undefined, true])

  const text = (await Promise.all(files.map((file) => readFile(file, 'utf8')))).join('')
  const numbers = [...text.matchAll(/"number":(\d+)/g)].map(([, number]) => Number(number))
  const found = new Set(numbers)
  assert.deepEqual([numbers.length, found.size], [entries, entries])
  assert.deepEqual(
    promised.filter((number) => !found.has(number)),
    [],
  )
})

/** A full disk: a small file system of its own where one can be mounted, a fault where not. */
async function smallDisk(t: TestContext, folder: string) {
  const files = new FaultyFileSystem()
  const run = (tool: string, args: readonly string[]) =>
    runTool(tool, args, { env: process.env, signal: AbortSignal.timeout(10_000) })
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=16k,mode=700', 'none', folder])
  } catch (error) {
    t.diagnostic(`no file system can be mounted here, so that writes fail on purpose instead: ${error}`)
    let left = 5000
    files.fails = (call) => call === 'write' && left === 0
    files.takes = (bytes) => {
      const taken = Math.min(bytes, left)
      left -= taken
      return taken
    }
    const empty = async () => {
      left = Number.POSITIVE_INFINITY
    }
    return { files, empty, leave: async () => '' }
  }
  const ballast = join(folder, 'ballast')
  await writeFile(ballast, new Uint8Array(8192))
  return { files, empty: () => rm(ballast), leave: () => run('umount', [folder]) }
}

test('on a disk that fills up in the middle of a line, every line is there once when there is room again', async (t) => {
  const folder = await makeFolder(t)
  const disk = await smallDisk(t, folder)
  const path = join(folder, 'audit.log')
  const options = { path, maxFileBytes: 1e9, maxBackupFiles: 0, rotation: 'size', maxAgeMs: undefined } as const
  const events = new RecordedSinkEvents()
  const ports = { clock: systemClock, events, files: disk.files }
  const sink = new FileSink({ ...options, bufferBytes: 1 }, ports)
  try {
    const lines = numberedLines(600)
    for (const line of lines) sink.record(line)
    await events.untilFailed(1)
    assert.match(String(events.failures[0]), /ENOSPC/)
    assert.ok(events.writtenLines > 0 && events.writtenLines < 600, `${events.writtenLines}`)
    assert.ok(!(await readFile(path, 'utf8')).endsWith('\n'), 'it did fill up in the middle of a line')

    await disk.empty()
    await events.untilWritten(600)
    assert.equal(await readFile(path, 'utf8'), lines.map(({ text }) => `${text}\n`).join(''))
  } finally {
    await sink.close()
    await disk.leave()
  }
})
