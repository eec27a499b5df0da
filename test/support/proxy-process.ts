/** The product as its users run it: the CLI in a process of its own, found through its `listening` line. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { TestContext } from 'node:test'
import { kill, spawnBound } from './child-process.ts'

export interface ProxyOptions {
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>
}

export interface ProxyProcess {
  readonly pid: number
  /** Base URLs without a trailing slash. */
  readonly main: string
  /** Empty when the config switches the metrics listener off. */
  readonly metrics: string
  readonly configFile: string
  /** What it has printed so far; grows. */
  readonly stdout: readonly string[]
  readonly stderr: readonly string[]
  /** Resolves with the exit code; null when a signal ended it. */
  readonly exited: Promise<number | null>
  signal(signal: NodeJS.Signals): void
  /** Sends the signal (SIGTERM when none is named) and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
  rssBytes(): Promise<number>
}

const mainFile = join(import.meta.dirname, '../../src/main.ts')

/** What has to be cleaned up at the end of a `TestContext`, or of whatever else is run. */
export interface Ending {
  after(clean: () => Promise<void>): void
}

/** Killed when the test is over. `config`: YAML text, or an object to be written as YAML. */
export async function startProxyProcess(
  t: Ending,
  config: string | object,
  options: ProxyOptions = {},
): Promise<ProxyProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'yatagarasu-test-'))
  const configFile = join(folder, 'config.yaml')
  // JSON is YAML.
  await writeFile(configFile, typeof config === 'string' ? config : JSON.stringify(config, undefined, 2))
  const child = startCli(['serve', '--config', configFile], options)
  t.after(async () => {
    await kill(child.process)
    await rm(folder, { recursive: true, force: true })
  })
  const addresses = await Promise.race([child.addresses, child.exited.then(() => undefined)])
  if (addresses === undefined) throw new Error(`the proxy ended before it listened:\n${printed(child)}`)
  return runningProxy(child, configFile, addresses)
}

/** The quick start, once it has printed what to try. Killed when the test is over. */
export async function startDemo(t: TestContext): Promise<Pick<ProxyProcess, 'stdout'>> {
  const { promise: isReady, resolve } = Promise.withResolvers<void>()
  const child = startCli(['demo'], {}, (line) => {
    if (line.startsWith('Ctrl-C')) resolve()
  })
  t.after(() => kill(child.process))
  const ended = child.exited.then(() => {
    throw new Error(`the demo ended:\n${printed(child)}`)
  })
  await Promise.race([isReady, ended])
  ended.catch(() => undefined) // which it does, at the end of the test
  return child
}

export interface CliResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command of the CLI that ends by itself. */
export async function runCli(args: readonly string[], options: ProxyOptions = {}): Promise<CliResult> {
  const child = startCli(args, options)
  const code = await child.exited
  return { code, stdout: child.stdout.join('\n'), stderr: child.stderr.join('\n') }
}

interface Cli {
  readonly process: ChildProcess
  readonly stdout: readonly string[]
  readonly stderr: readonly string[]
  readonly addresses: Promise<Addresses>
  readonly exited: Promise<number | null>
}
interface Addresses {
  readonly main: string
  readonly metrics?: string
}

function startCli(
  args: readonly string[],
  { env = {} }: ProxyOptions,
  noticed: (line: string) => void = () => undefined,
): Cli {
  const child = spawnBound(process.execPath, [mainFile, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const listening = Promise.withResolvers<Addresses>()
  const stdout = linesOf(child.stdout, (line) => {
    noticed(line)
    const addresses = listeningAddresses(line)
    if (addresses !== undefined) listening.resolve(addresses)
  })
  const stderr = linesOf(child.stderr)
  // 'close' comes after the last line of output, 'exit' may come before it.
  const exited = once(child, 'close').then(([code]) => code as number | null)
  return { process: child, stdout, stderr, addresses: listening.promise, exited }
}

function linesOf(stream: Readable | null, noticed: (line: string) => void = () => undefined): readonly string[] {
  const lines: string[] = []
  if (stream === null) return lines
  createInterface({ input: stream }).on('line', (line) => {
    lines.push(line)
    noticed(line)
  })
  return lines
}

function listeningAddresses(line: string): Addresses | undefined {
  if (!line.includes('"msg":"listening"')) return undefined
  return (JSON.parse(line) as { addresses?: Addresses }).addresses
}

const printed = (cli: Cli): string => [...cli.stdout, ...cli.stderr].join('\n')

function runningProxy(cli: Cli, configFile: string, { main, metrics = '' }: Addresses): ProxyProcess {
  const { pid } = cli.process
  if (pid === undefined) throw new Error('the proxy has no pid')
  const signal = (name: NodeJS.Signals) => void cli.process.kill(name)
  const { stdout, stderr, exited } = cli
  return {
    ...{ pid, main, metrics, configFile, stdout, stderr, exited, signal },
    stop(name = 'SIGTERM') {
      signal(name)
      return exited
    },
    async rssBytes() {
      const status = await readFile(`/proc/${pid}/status`, 'utf8')
      return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024
    },
  }
}
