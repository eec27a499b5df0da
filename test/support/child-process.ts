/** Starts the servers and tools a test needs, so that none of them outlives it, whatever becomes of the test. */
import { type ChildProcess, execFile, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Debian keeps daemons where the PATH of an ordinary user does not look. */
const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin']

export function findProgram(name: string): string | undefined {
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

interface ToolOptions {
  readonly env: NodeJS.ProcessEnv
  readonly signal: AbortSignal
}

/** Runs a tool to its end and returns what it printed; rejects with its complaint. */
export async function runTool(name: string, args: readonly string[], options: ToolOptions): Promise<string> {
  const { stdout } = await run(findProgram(name) ?? name, [...args], options)
  return stdout
}

/** On Linux the kernel kills the child when this process dies, even of SIGKILL; elsewhere only `kill` does. */
export function spawnBound(name: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
  const program = findProgram(name) ?? name
  const leash = process.platform === 'linux' ? findProgram('setpriv') : undefined
  if (leash === undefined) return spawn(program, args, options)
  return spawn(leash, ['--pdeathsig', 'KILL', program, ...args], options)
}

/** SIGKILL and wait: the data of a test server is worthless, and a graceful Ceph OSD takes 5 s. */
export async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}
