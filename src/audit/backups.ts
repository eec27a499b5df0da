/** Rotated files: how they are called, and which of them are kept. `audit.log.2026-11-20T10-15-00Z` lies beside `audit.log`. */

import { readdir } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import type { EpochMs } from '../base/types.ts'

export interface Backup {
  /** Without its folder. */
  readonly name: string
  readonly at: EpochMs
  /** Of those of one second: 0, 1, 2. */
  readonly ordinal: number
}

/** Those of the log at `path`, newest first. A missing folder has none. */
export async function listBackups(path: string, list: typeof readdir = readdir): Promise<readonly Backup[]> {
  const names = await list(dirname(path)).catch(noneWhenMissing)
  return names
    .map((name) => backupOf(name, `${basename(path)}.`))
    .filter((backup) => backup !== undefined)
    .sort((one, other) => other.at - one.at || other.ordinal - one.ordinal)
}

/**
 * The name for a file that is rotated now: later than that of every other, even when the clock was set back. The chain goes
 * on in the order of the names, and it is the oldest that is removed. `backups`: newest first.
 */
export function nextBackupName(path: string, now: EpochMs, [newest]: readonly Backup[]): string {
  const second = Math.floor(now / 1000) * 1000
  const follows = newest !== undefined && newest.at >= second
  const stamp = new Date(follows ? newest.at : second).toISOString().slice(0, 19).replaceAll(':', '-')
  const suffix = follows ? `-${newest.ordinal + 1}` : ''
  return `${basename(path)}.${stamp}Z${suffix}`
}

/** Those that are too many, or too old. `backups`: newest first. */
export function outdated(
  backups: readonly Backup[],
  { maxBackupFiles, maxAgeMs = Number.POSITIVE_INFINITY }: { maxBackupFiles: number; maxAgeMs: number | undefined },
  now: EpochMs,
): readonly Backup[] {
  return backups.filter(({ at }, index) => index >= maxBackupFiles || now - at > maxAgeMs)
}

const stampPattern = /^(\d{4}-\d\d-\d\dT)(\d\d)-(\d\d)-(\d\d)Z(?:-(\d+))?$/

function backupOf(name: string, prefix: string): Backup | undefined {
  const match = name.startsWith(prefix) ? stampPattern.exec(name.slice(prefix.length)) : null
  if (match === null) return undefined
  const [, day = '', hour = '', minute = '', second = '', ordinal = '0'] = match
  const at = Date.parse(`${day}${hour}:${minute}:${second}Z`)
  return Number.isNaN(at) ? undefined : { name, at: at as EpochMs, ordinal: Number(ordinal) }
}

function noneWhenMissing(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return []
  throw error
}
