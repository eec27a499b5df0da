/**
 * A folder of one's own below the spool folder. Whoever holds its lock is alive, so that of several processes, in
 * whatever containers, none touches what another one is still writing, and the first to come takes what the dead left.
 */

import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { lockFolder } from '../cache/disk-lock.ts'

const lockName = 'lock'
/** `claimFolder` is asked for names like this; nothing else below the spool folder is touched. */
const folderName = /^[A-Za-z0-9-][A-Za-z0-9.-]*-[0-9a-f]{8}$/

export interface SpoolFolder {
  readonly path: string
  /** Removes it too when nothing is in it. To be called once. */
  release(): Promise<void>
}

/** Rejects when a folder of that name is there already, or none can be made. */
export async function claimFolder(root: string, name: string): Promise<SpoolFolder> {
  const [hidden, path] = [join(root, `.${name}`), join(root, name)]
  await mkdir(root, { recursive: true, mode: 0o700 })
  await mkdir(hidden, { mode: 0o700 })
  // Locked before others see it: without a lock it would be taken for a dead one's.
  const lock = lockFolder(hidden, [join(hidden, lockName)])
  try {
    await rename(hidden, path)
  } catch (error) {
    lock.release()
    await rm(hidden, { recursive: true, force: true })
    throw error
  }
  return { path, release: () => leave(path, lock) }
}

/** The folders of those that are gone, each in our hands until the next one is asked for; empty ones are removed then. */
export async function* abandonedFolders(root: string): AsyncGenerator<string> {
  for (const entry of await readdir(root, { withFileTypes: true })) {
    if (!entry.isDirectory() || !folderName.test(entry.name)) continue
    const path = join(root, entry.name)
    const lock = lockOf(path)
    if (lock === undefined) continue
    try {
      yield path
    } finally {
      await leave(path, lock)
    }
  }
}

function lockOf(path: string): ReturnType<typeof lockFolder> | undefined {
  try {
    return lockFolder(path, [join(path, lockName)])
  } catch {
    return undefined // translated: its owner is alive, or it is being removed, or not ours to read
  }
}

async function leave(path: string, lock: ReturnType<typeof lockFolder>): Promise<void> {
  try {
    // With the lock held: a folder without one is nobody's.
    const names = await readdir(path).catch(() => undefined) // cleans up: somebody else has
    if (names?.every((name) => name === lockName)) await rm(path, { recursive: true, force: true })
  } finally {
    lock.release()
  }
}
