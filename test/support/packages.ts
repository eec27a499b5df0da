/** Finds the servers the tests need, or installs them from Debian's packages. It never lets a test be skipped instead. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { findProgram } from './child-process.ts'

export interface Need {
  readonly programs: readonly string[]
  readonly packages: readonly string[]
  /** What a machine without apt can do. */
  readonly instead: string
}

export const needs = {
  s3: {
    programs: ['radosgw', 'radosgw-admin', 'ceph', 'ceph-mon', 'ceph-osd', 'monmaptool'],
    packages: ['radosgw', 'ceph-mon', 'ceph-osd', 'ceph-common'],
    instead: 'set S3_TEST_ENDPOINT, S3_TEST_ACCESS_KEY and S3_TEST_SECRET_KEY to use a server of your own',
  },
  redis: {
    programs: ['redis-server'],
    packages: ['redis-server'],
    instead: 'set REDIS_TEST_URL to use a server of your own',
  },
  syslog: {
    programs: ['rsyslogd'],
    packages: ['rsyslog'],
    instead: 'put rsyslogd on the PATH',
  },
  rules: {
    programs: ['promtool'],
    packages: ['prometheus'],
    instead: 'put promtool on the PATH',
  },
  tls: {
    programs: ['openssl'],
    packages: ['openssl'],
    instead: 'put openssl on the PATH',
  },
} as const satisfies Record<string, Need>

export type NeedName = keyof typeof needs

export async function ensurePrograms(...names: readonly NeedName[]): Promise<void> {
  const lacking = names.map((name): Need => needs[name]).filter((need) => missingFrom(need).length > 0)
  if (lacking.length === 0) return
  const packages = lacking.flatMap((need) => need.packages)
  process.stderr.write(`installing ${packages.join(' ')} for the tests\n`)
  const failure = await install(packages)
  const still = lacking.filter((need) => missingFrom(need).length > 0)
  if (still.length > 0) throw new Error(complaint(still, failure))
}

export function missingFrom(
  need: Need,
  find: (program: string) => string | undefined = findProgram,
): readonly string[] {
  return need.programs.filter((program) => find(program) === undefined)
}

export function complaint(lacking: readonly Need[], failure: string | undefined): string {
  const lines = lacking.map(
    (need) => `  ${missingFrom(need).join(', ')} (Debian: ${need.packages.join(' ')}); or ${need.instead}`,
  )
  const reason = failure === undefined ? '' : `\nInstalling them did not work: ${failure}`
  return `The tests need programs that this machine lacks:\n${lines.join('\n')}${reason}`
}

/** Undefined when it worked, else why not. */
async function install(packages: readonly string[]): Promise<string | undefined> {
  const apt = findProgram('apt-get')
  if (apt === undefined) return 'there is no apt-get here'
  const isRoot = process.getuid?.() === 0
  const sudo = isRoot ? undefined : findProgram('sudo')
  if (!isRoot && sudo === undefined) return 'that takes root, and there is no sudo'
  const asRoot = sudo === undefined ? [] : [sudo, '-n']
  const unattended = ['env', 'DEBIAN_FRONTEND=noninteractive', apt]
  for (const step of [['update'], ['install', '-y', '--no-install-recommends', ...packages]]) {
    const code = await run([...asRoot, ...unattended, ...step])
    if (code !== 0) return `apt-get ${step[0]} ended with ${code}`
  }
  return undefined
}

/** What it prints goes to stderr: the report on stdout stays the tests'. */
async function run([command = '', ...args]: readonly string[]): Promise<number | null> {
  const child = spawn(command, args, { stdio: ['ignore', 2, 2] })
  const [code] = (await once(child, 'exit')) as [number | null]
  return code
}
