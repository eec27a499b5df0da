/** Entries that hold each other: each ends with the digest of the line before it, so that none can change unnoticed. */

import { hash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { listBackups } from './backups.ts'

/** What the first entry of all follows. */
export const chainBeginning = '0'.repeat(64)

/** One for each log, for as long as anything is written to it. */
export class Chain {
  #lastDigest: string

  /** `lastEntry`: the one to go on from; undefined: there is none. */
  constructor(lastEntry: string | undefined) {
    this.#lastDigest = lastEntry === undefined ? chainBeginning : digestOf(lastEntry)
  }

  /** The entry with its link as the last member. In the order in which entries are written. */
  link(entry: string): string {
    const linked = `${entry.slice(0, -1)},"prev":"${this.#lastDigest}"}`
    this.#lastDigest = digestOf(linked)
    return linked
  }
}

/** Of a line without its line break. */
export function digestOf(line: string | Uint8Array): string {
  return hash('sha256', line)
}

/** Whether a line is a whole entry; a crash may have left a part of one. */
export function isWholeEntry(line: string): boolean {
  if (!line.startsWith('{')) return false
  try {
    JSON.parse(line)
    return true
  } catch {
    return false // translated: what is no JSON is no entry
  }
}

/**
 * The chain that the log at `path` ends with, to be opened before anything is written there. Never rejects: what cannot
 * be read cannot be gone on from either, and the break will show.
 */
export async function openChain(path: string): Promise<Chain> {
  try {
    const backups = await listBackups(path)
    for (const file of [path, ...backups.map(({ name }) => join(dirname(path), name))]) {
      const entry = await lastEntryIn(file)
      if (entry !== undefined) return new Chain(entry)
    }
  } catch {
    // translated: a chain of its own
  }
  return new Chain(undefined)
}

async function lastEntryIn(path: string): Promise<string | undefined> {
  let file: FileHandle
  try {
    file = await open(path)
  } catch (error) {
    if (isMissing(error)) return undefined // translated: the log may just have been rotated
    throw error
  }
  try {
    return await lastEntryOf(file)
  } finally {
    await file.close()
  }
}

async function lastEntryOf(file: FileHandle): Promise<string | undefined> {
  const { size } = await file.stat()
  for (let length = 64 << 10; ; length *= 4) {
    const start = Math.max(0, size - length)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start)
    const lines = buffer.toString('utf8', 0, bytesRead).split('\n')
    if (start > 0) lines.shift() // the end of a line
    const entry = lines.findLast(isWholeEntry)
    if (entry !== undefined || start === 0) return entry
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
