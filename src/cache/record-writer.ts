import { dirname, join } from 'node:path'
import type { DiskLayout } from './disk-layout.ts'
import { type Files, isMissing, isTaken } from './files.ts'
import type { RecordDigest } from './record-digest.ts'
import type { Turns } from './turns.ts'

/** Writes and removes the files of records. One file is written or removed by one caller at a time. */
export class RecordWriter {
  readonly #layout: DiskLayout
  readonly #files: Files
  /** Records whose files should have been removed and are still there. */
  readonly leftovers = new Set<RecordDigest>()
  readonly #temporaryLeftovers = new Set<string>()
  #written = 0
  readonly #onLoss: (folder: string) => void

  /** `onLoss`: the folder of temporary files was not there; somebody removed it, and perhaps the records with it. */
  constructor(layout: DiskLayout, files: Files, onLoss: (folder: string) => void) {
    this.#layout = layout
    this.#files = files
    this.#onLoss = onLoss
  }

  /** All or nothing: the parts go to a file by another name first, and a rename makes them the record. */
  async write(digest: RecordDigest, parts: readonly Uint8Array[]): Promise<void> {
    const temporary = join(this.#layout.temporary, `${this.#written++}`)
    const path = this.#layout.file(digest)
    try {
      try {
        await this.#fill(temporary, parts)
      } catch (error) {
        if (!isMissing(error)) throw error
        this.#onLoss(this.#layout.temporary)
        await this.#files.makeFolder(this.#layout.temporary)
        await this.#fill(temporary, parts)
      }
      try {
        await this.#files.rename(temporary, path)
      } catch (error) {
        if (!isMissing(error)) throw error
        await this.#makePlace(path, error)
        await this.#files.rename(temporary, path)
      }
      this.leftovers.delete(digest)
    } catch (error) {
      await this.#discard(temporary) // what failed first is thrown
      throw error
    }
  }

  /** True when there was one. What cannot be removed is a leftover. */
  async remove(digest: RecordDigest): Promise<boolean> {
    try {
      await this.#files.unlink(this.#layout.file(digest))
      this.leftovers.delete(digest)
      return true
    } catch (error) {
      if (isMissing(error)) this.leftovers.delete(digest)
      else this.leftovers.add(digest)
      if (isMissing(error)) return false
      throw error
    }
  }

  /** Each in its turn. Never rejects: it was told of when it failed first. */
  async removeLeftovers(turns: Turns): Promise<void> {
    for (const digest of [...this.leftovers]) {
      await turns.take(digest, async () => {
        // A record of that name that was put since is no leftover.
        if (this.leftovers.has(digest)) await this.remove(digest).catch(() => undefined)
      })
    }
  }

  async discardTemporaries(): Promise<void> {
    for (const path of [...this.#temporaryLeftovers]) await this.#discard(path)
  }

  /** Never rejects: what cannot be removed now is tried again, and swept at the next start. */
  async #discard(temporary: string): Promise<void> {
    try {
      await this.#files.unlink(temporary)
      this.#temporaryLeftovers.delete(temporary)
    } catch (error) {
      if (isMissing(error)) this.#temporaryLeftovers.delete(temporary)
      else this.#temporaryLeftovers.add(temporary)
    }
  }

  /** Its folder is missing, or an empty one lies there itself. */
  async #makePlace(path: string, error: unknown): Promise<void> {
    if (!isTaken(error)) return this.#files.makeFolder(dirname(path))
    await this.#files.removeFolder(path).catch(() => undefined) // it holds something: renaming tells again
  }

  async #fill(path: string, parts: readonly Uint8Array[]): Promise<void> {
    const fd = await this.#files.open(path, 'write')
    try {
      await this.#files.write(fd, parts)
    } finally {
      await this.#files.close(fd)
    }
  }
}
