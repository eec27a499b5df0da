import { chmodSync, statSync, truncateSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

/** A cache folder belongs to another process. */
export class FolderInUse extends Error {}

/** SQLite's result codes. */
const busy = 5
const notADatabase = 26

/**
 * Keeps a second process off a folder. The lock is SQLite's exclusive one on an empty file, which is an fcntl lock: taken
 * in one step, given back by the kernel however the process ends, and blind to process ids and to who is in which
 * container. Nothing but SQLite may open the file: a process that closes any descriptor of it gives the lock back.
 */
export class DiskLock {
  readonly #path: string
  readonly #database: DatabaseSync
  readonly #inode: number

  constructor(path: string, database: DatabaseSync) {
    this.#path = path
    this.#database = database
    this.#inode = statSync(path).ino
  }

  /** False when the file was removed or replaced, so that others may have a lock of their own. */
  get isInForce(): boolean {
    return statSync(this.#path, { throwIfNoEntry: false })?.ino === this.#inode
  }

  release(): void {
    this.#database.close()
  }
}

/** Throws `FolderInUse`, or what SQLite says when it cannot open the file or write to it. */
export function lockFolder(folder: string, path: string): DiskLock {
  try {
    return new DiskLock(path, seizeAtAnyCost(path))
  } catch (error) {
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
