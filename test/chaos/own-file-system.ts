import { spawnSync } from 'node:child_process'

export interface Wrapped {
  readonly command: string
  /** To be followed by the program and its arguments. */
  readonly args: readonly string[]
}

/**
 * Runs a program with a small file system in memory on a folder, which only the program sees, and which ends with it,
 * whatever becomes of the test. Others reach it through `/proc/PID/root`. Linux only.
 */
export function withOwnFileSystem(folder: string, megabytes: number): Wrapped {
  const namespaces = process.getuid?.() === 0 ? ['--mount'] : ['--mount', '--user', '--map-root-user']
  const { status, stderr } = spawnSync('unshare', [...namespaces, 'true'], { encoding: 'utf8' })
  if (status !== 0)
    throw new Error(`a file system of its own takes unshare (util-linux), and leave to use it: ${stderr}`)
  const script = `mount -t tmpfs -o size=${megabytes}m none '${folder}' && exec "$0" "$@"`
  return { command: 'unshare', args: [...namespaces, 'sh', '-c', script] }
}
