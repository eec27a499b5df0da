/**
 * Purges as lines of text, each behind the CRC-32 of what it says in eight hex digits: the format's version in the first
 * line, then one purge a line, and here and there until when those of other proxies are among them.
 */

import { crc32 } from 'node:zlib'
import type { EpochMs } from '../base/types.ts'
import type { Purge } from './purge.ts'
import { scopeIn } from './scope.ts'

/** The version of what this file writes. A reader that meets another one does not know what was purged. */
export const purgesFormat = 1

export interface PurgesRead {
  readonly purges: readonly Purge[]
  readonly syncedAt: EpochMs | undefined
  /** Of all that was ever written: with the first line. */
  readonly lines: number
  /** The end of what was written last is missing. */
  readonly isTorn: boolean
}

export function firstLine(): string {
  return sealed({ format: purgesFormat })
}

export function purgeLine({ id, scope, at, kind }: Purge): string {
  return sealed({ id, scope, at, kind })
}

export function syncLine(syncedAt: EpochMs): string {
  return sealed({ syncedAt })
}

/**
 * Undefined when it does not say what was purged: of another version, or damaged. A last line without its end was torn by
 * a crash before anybody was promised anything, and counts for nothing.
 */
export function readPurges(text: string): PurgesRead | undefined {
  const lines = text.split('\n')
  const isTorn = lines.pop() !== ''
  const [first, ...rest] = lines.map(opened)
  if (first?.['format'] !== purgesFormat) return undefined
  const purges: Purge[] = []
  let syncedAt: EpochMs | undefined
  for (const value of rest) {
    const purge = value && purgeIn(value)
    if (purge !== undefined) purges.push(purge)
    else if (isTime(value?.['syncedAt'])) syncedAt = value['syncedAt']
    else return undefined
  }
  return { purges, syncedAt, lines: lines.length, isTorn }
}

function sealed(value: unknown): string {
  const text = JSON.stringify(value)
  return `${checksumOf(text)} ${text}\n`
}

function opened(line: string): Readonly<Record<string, unknown>> | undefined {
  const text = line.slice(9)
  if (line.slice(0, 9) !== `${checksumOf(text)} `) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined
  } catch {
    return undefined // nothing that was written here
  }
}

function checksumOf(text: string): string {
  return crc32(text).toString(16).padStart(8, '0')
}

function purgeIn({ id, scope, at, kind }: Readonly<Record<string, unknown>>): Purge | undefined {
  const known = scopeIn(scope)
  if (known === undefined || typeof id !== 'string' || !isTime(at)) return undefined
  return kind === 'hard' || kind === 'soft' ? { id, scope: known, at, kind } : undefined
}

function isTime(value: unknown): value is EpochMs {
  return Number.isSafeInteger(value)
}
