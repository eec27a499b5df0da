/**
 * What `npm test` runs: finds or installs the servers the suite needs, starts one S3 server for all of it, and hands the
 * test files to Node's own runner.
 *
 *   node test/run.ts [files or globs…] [--coverage]
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { ensurePrograms } from './support/packages.ts'
import { type Rgw, startRgw } from './support/rgw.ts'
import { s3FromEnvironment, s3ToEnvironment } from './support/s3-address.ts'

const root = join(import.meta.dirname, '..')
const testFiles = 'test/**/*.test.ts'
/** A test that hangs is a failure; the slowest one takes a small part of this on two busy cores. */
const testLimitMs = 120_000
/** For what no timer inside a test process can end, such as an endless loop. CI allows 15 minutes. */
const runLimitMs = 13 * 60_000
const guard = pathToFileURL(join(root, 'test/support/open-handle-guard.ts')).href
const coveredLinesPercent = 90

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { coverage: { type: 'boolean', default: false } },
})

let rgw: Rgw | undefined
let tests: ChildProcess | undefined
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => signalTests(signal))

try {
  process.exitCode = await runAll()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
} finally {
  await rgw?.close()
}

async function runAll(): Promise<number> {
  const ownS3 = s3FromEnvironment(process.env)
  const redis = process.env['REDIS_TEST_URL'] ? [] : ['redis' as const]
  await ensurePrograms('tls', 'syslog', 'rules', ...(ownS3 === undefined ? ['s3' as const] : []), ...redis)
  if (ownS3 === undefined) rgw = await startRgw()
  const env = { ...process.env, ...(rgw === undefined ? {} : s3ToEnvironment(rgw)) }

  const files = positionals.length > 0 ? positionals : [testFiles]
  const args = ['--import', guard, '--test', ...runnerFlags(), ...files]
  // A process group of its own, so that a signal reaches the runner and every test file with it.
  tests = spawn(process.execPath, args, { cwd: root, env, stdio: 'inherit', detached: true })
  setTimeout(giveUp, runLimitMs).unref()
  const [code] = (await once(tests, 'exit')) as [number | null]
  return code ?? 1
}

function giveUp(): void {
  process.stderr.write(`the tests did not end within ${runLimitMs / 60_000} minutes\n`)
  signalTests('SIGKILL')
}

function signalTests(signal: NodeJS.Signals): void {
  if (tests?.pid !== undefined && tests.exitCode === null) process.kill(-tests.pid, signal)
}

function runnerFlags(): string[] {
  const flags = ['--test-reporter=spec', '--test-concurrency=2', `--test-timeout=${testLimitMs}`]
  if (!values.coverage) return flags
  const coverage = ['--experimental-test-coverage', '--test-coverage-include=src/**/*.ts']
  return [...flags, ...coverage, `--test-coverage-lines=${coveredLinesPercent}`]
}
