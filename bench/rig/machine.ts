/** The facts of the machine that a number is worth nothing without, and the tools the bench needs on it. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'
import type { Cores } from './session.ts'

export interface MachineFacts {
  readonly date: string
  /** With `+changes` when the working tree differed from it. */
  readonly commit: string
  readonly cpu: string
  readonly coreCount: number
  readonly cores: Cores
  readonly memoryGb: number
  readonly kernel: string
  /** Shapes traffic on loopback too: bbr paces it. */
  readonly congestionControl: string
  /** Before the bench began: what else the machine was doing. */
  readonly loadAverage: number
  readonly versions: Readonly<Record<'node' | 'nginx' | 'varnish' | 'wrk', string>>
}

const packages: Readonly<Record<string, string>> = {
  nginx: 'nginx-light',
  varnishd: 'varnish',
  wrk: 'wrk',
  taskset: 'util-linux',
}

/** Installs what is missing where that is possible, else fails with the command that would. */
export function requireTools(tools: readonly string[]): void {
  const missing = tools.filter((tool) => spawnSync(tool, ['--version']).error !== undefined)
  if (missing.length === 0) return
  const wanted = missing.map((tool) => packages[tool] ?? tool)
  const command = `apt-get install -y --no-install-recommends ${wanted.join(' ')}`
  const mayInstall = process.getuid?.() === 0 && spawnSync('apt-get', ['--version']).error === undefined
  if (!mayInstall) throw new Error(`the bench needs ${missing.join(', ')}: run "${command}" as root`)
  process.stderr.write(`installing ${wanted.join(', ')}\n`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const { status, stderr } = spawnSync('sh', ['-c', `apt-get update -q && ${command}`], { env, encoding: 'utf8' })
  if (status !== 0) throw new Error(`"${command}" failed:\n${stderr.slice(-2_000)}`)
}

export function readMachineFacts(repository: string, cores: Cores): MachineFacts {
  const git = (...args: string[]) => spawnSync('git', ['-C', repository, ...args], { encoding: 'utf8' }).stdout.trim()
  const [cpu] = cpus()
  return {
    date: new Date().toISOString(),
    commit: git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain') === '' ? '' : '+changes'),
    cpu: cpu?.model ?? 'unknown',
    coreCount: cpus().length,
    cores,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    congestionControl: readFileSync('/proc/sys/net/ipv4/tcp_congestion_control', 'utf8').trim(),
    loadAverage: loadavg()[0] ?? 0,
    versions: {
      node: process.version.slice(1),
      nginx: readVersion('nginx', '-v', /nginx\/(\S+)/),
      varnish: readVersion('varnishd', '-V', /varnish-(\S+)/),
      wrk: readVersion('wrk', '-v', /^wrk \D*(\S+)/),
    },
  }
}

/** For the bench's own process, in which its clients run. */
export function pinThisProcess(core: number): void {
  spawnSync('taskset', ['-a', '-cp', String(core), String(process.pid)])
}

function readVersion(command: string, flag: string, pattern: RegExp): string {
  const { stdout, stderr } = spawnSync(command, [flag], { encoding: 'utf8' })
  return pattern.exec(`${stdout ?? ''}${stderr ?? ''}`)?.[1] ?? 'absent'
}
