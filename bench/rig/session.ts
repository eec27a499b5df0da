/** Owns everything a bench run starts: processes and one temp folder. Nothing of it outlives `close`, Ctrl-C included. */
import { spawn } from 'node:child_process'
import { chmodSync, closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ProcessStat, processTree, readStat } from './proc-stat.ts'

export interface Started {
  readonly pid: number
  readonly label: string
  /** What the process writes to stdout and stderr. */
  readonly logFile: string
  /** The exit code; null when a signal ended it, or it never started. */
  readonly exited: Promise<number | null>
  isRunning(): boolean
}

export interface Cores {
  readonly server: number
  readonly client: number
  readonly origin: number
}

const stopMs = 5_000
const pollMs = 20

export class Session {
  /** In memory where the machine has /dev/shm: logs, nginx's files and Varnish's shared memory log then cost nobody disk time. */
  readonly folder: string
  /** The core each kind of process is pinned to. */
  readonly cores: Cores = chooseCores(readFileSync('/proc/self/status', 'utf8'))
  readonly #children = new Map<number, Started>()
  #startCount = 0
  #isClosed = false

  constructor() {
    this.folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'yatagarasu-bench-'))
    // nginx's workers run as another user and must be able to pass through.
    chmodSync(this.folder, 0o755)
    process.on('exit', () => this.#closeNow())
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      // The second signal does not wait for anybody: the exit handler kills what is left.
      process.on(signal, () => {
        if (this.#isClosed) process.exit(1)
        process.stderr.write(`\n${signal}: stopping everything that was started\n`)
        void this.close().finally(() => process.exit(130))
      })
    }
  }

  /** Starts a process on one core, or on those it is given; with its own process group, so that Ctrl-C reaches it only through `close`. */
  start(
    label: string,
    core: number | readonly number[],
    command: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Started {
    if (this.#isClosed) throw new Error('the bench is stopping')
    // A file of its own each time: a ready line of an earlier process of this name must not be taken for this one's.
    this.#startCount += 1
    const logFile = join(this.folder, `${label}-${this.#startCount}.log`)
    const output = openSync(logFile, 'a')
    const child = spawn('taskset', ['-c', String(core), command, ...args], {
      stdio: ['ignore', output, output],
      detached: true,
      env: { ...process.env, ...env },
    })
    closeSync(output)
    const exited = new Promise<number | null>((resolve) =>
      child.once('exit', (code) => resolve(code)).once('error', () => resolve(null)),
    )
    const pid = child.pid
    if (pid === undefined) throw new Error(`cannot start ${label}: is taskset (util-linux) installed?`)
    const isRunning = () => child.exitCode === null && child.signalCode === null
    const started: Started = { pid, label, logFile, exited, isRunning }
    this.#children.set(pid, started)
    return started
  }

  /** Runs a command to its end and gives what it wrote. */
  async run(label: string, core: number, command: string, args: readonly string[]): Promise<string> {
    const started = this.start(label, core, command, args)
    await started.exited
    this.#children.delete(started.pid)
    const output = readFileSync(started.logFile, 'utf8')
    rmSync(started.logFile)
    return output
  }

  /** Asks the process to end, waits, and kills what is left of its tree. */
  async stop(started: Started): Promise<void> {
    const tree = processTree(started.pid)
    signalProcess(started.pid, 'SIGTERM')
    const patience = performance.now() + stopMs
    while (tree.some(isAlive) && performance.now() < patience) await sleep(pollMs)
    for (const member of tree) if (isAlive(member)) signalProcess(member.pid, 'SIGKILL')
    this.#children.delete(started.pid)
    rmSync(started.logFile, { force: true })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([...this.#children.values()].map((started) => this.stop(started)))
    rmSync(this.folder, { recursive: true, force: true })
  }

  #closeNow(): void {
    for (const pid of this.#children.keys()) {
      for (const member of processTree(pid)) signalProcess(member.pid, 'SIGKILL')
    }
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Waits until `probe` gives a value; fails with the process's own words when it ends or takes too long. */
export async function waitFor<T>(started: Started, probe: () => Promise<T | undefined>): Promise<T> {
  const patience = performance.now() + 20_000
  while (started.isRunning() && performance.now() < patience) {
    const value = await probe()
    if (value !== undefined) return value
    await sleep(pollMs)
  }
  const why = started.isRunning() ? 'did not answer within 20 s' : 'ended at once'
  throw new Error(`${started.label} ${why}:\n${readFileSync(started.logFile, 'utf8').slice(-2_000)}`)
}

function isAlive(member: ProcessStat): boolean {
  const now = readStat(member.pid)
  return now !== undefined && now.startTicks === member.startTicks && !now.isZombie
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // Ended in the meantime, which is what was wanted.
  }
}

/** Server and client never share a core unless there is only one; the origin gets a third where there is one. */
export function chooseCores(status: string): Cores {
  const list = /^Cpus_allowed_list:\s+(\S+)$/m.exec(status)?.[1] ?? '0'
  const allowed = list.split(',').flatMap((part) => {
    const [first = 0, last = first] = part.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, index) => first + index)
  })
  const [server = 0, client = server, origin = client] = allowed
  return { server, client, origin }
}
