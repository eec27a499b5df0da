import { chmodSync, statSync, truncateSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

/** A cache folder belongs to another process. */
export class FolderInUse extends Error {}

/** SQLite's result codes. */
const busy = 5
const notADatabase = 26

/**
 * Keeps a second process off a folder. A lock is SQLite's exclusive one on an empty file, which is an fcntl lock: taken
 * in one step, given back by the kernel however the process ends, and blind to process ids and to who is in which
 * container. Nothing but SQLite may open the file: a process that closes any descriptor of it gives the lock back.
 *
 * There are several: people remove a file called `lock` when something does not start, and the others still hold then.
 */
export class DiskLock {
  readonly #files: readonly LockedFile[]

  constructor(files: readonly LockedFile[]) {
    this.#files = files
  }

  /** False when a file was removed or replaced: once all are, others may have a lock of their own. */
  get isInForce(): boolean {
    return this.#files.every(({ path, inode }) => statSync(path, { throwIfNoEntry: false })?.ino === inode)
  }

  release(): void {
    for (const { database } of this.#files) database.close()
  }
}

interface LockedFile {
  readonly path: string
  readonly inode: number
  readonly database: DatabaseSync
}

/** All of the files or none. Throws `FolderInUse`, or what SQLite says when it cannot open a file or write to it. */
export function lockFolder(folder: string, paths: readonly string[]): DiskLock {
  const files: LockedFile[] = []
  try {
    for (const path of paths) files.push({ path, database: seizeAtAnyCost(path), inode: statSync(path).ino })
    return new DiskLock(files)
  } catch (error) {
    new DiskLock(files).release()
    if (resultCode(error) !== busy) throw error
    throw new FolderInUse(`the cache folder ${folder} is in use by another process`, { cause: error })
  }
}

/** Whoever holds the lock shows as busy: a file that is no database was written to by somebody else, and is made empty. */
function seizeAtAnyCost(path: string): DatabaseSync {
  try {
    return seize(path)
  } catch (error) {
    if (resultCode(error) !== notADatabase) throw error
    truncateSync(path)
    return seize(path)
  }
}

function seize(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 0 })
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    chmodSync(path, 0o600)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

function resultCode(error: unknown): unknown {
  return error instanceof Error && 'errcode' in error ? error.errcode : undefined
}
