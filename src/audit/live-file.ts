/** The log file as it lies under its name, which others may move, truncate or remove at any time. */

import type { mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'

/** What is asked of `node:fs/promises`. */
export interface FileSystem {
  readonly mkdir: typeof mkdir
  readonly open: typeof open
  readonly readdir: typeof readdir
  readonly rename: typeof rename
  readonly stat: typeof stat
  readonly unlink: typeof unlink
}

type Handle = Awaited<ReturnType<typeof open>>

const lineBreak = 0x0a

/** Its methods are for one caller at a time. */
export class LiveFile {
  readonly #path: string
  readonly #files: FileSystem
  #handle: Handle | undefined
  #inode = 0
  #bytes = 0

  constructor(path: string, files: FileSystem) {
    this.#path = path
    this.#files = files
  }

  get bytes(): number {
    return this.#bytes
  }

  /**
   * Sees to it that what is open is the file under the name, made with its folders when there is none. `changedAtMs`:
   * when it was last written to, if this opened one that has lines. `isSame`: as it was left by the last `write`.
   */
  async attach(): Promise<{ readonly isSame: boolean; readonly changedAtMs: number | undefined }> {
    if (this.#handle !== undefined && (await this.#isInPlace())) return { isSame: true, changedAtMs: undefined }
    await this.close()
    await this.#files.mkdir(dirname(this.#path), { recursive: true, mode: 0o700 })
    const handle = await this.#files.open(this.#path, 'a+', 0o600)
    try {
      const { ino, size, mtimeMs } = await handle.stat()
      this.#inode = ino
      this.#bytes = size
      if (size > 0) await this.#endLastLine(handle)
      this.#handle = handle
      return { isSame: false, changedAtMs: size > 0 ? mtimeMs : undefined }
    } finally {
      if (this.#handle !== handle) await handle.close()
    }
  }

  /** Appends; resolves with how many bytes the file took, which may be a part. */
  async write(bytes: Uint8Array): Promise<number> {
    if (this.#handle === undefined) throw new Error('writing to a log file that is not open')
    const { bytesWritten } = await this.#handle.write(bytes)
    if (bytesWritten === 0) throw new Error('the file system took none of the bytes')
    this.#bytes += bytesWritten
    return bytesWritten
  }

  /** Gives the file another name, and lets go of it. */
  async moveTo(path: string): Promise<void> {
    await this.#files.rename(this.#path, path)
    await this.close()
  }

  async close(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    this.#bytes = 0
    await handle?.close()
  }

  /** Whether it still has its name, and nobody has shortened it. */
  async #isInPlace(): Promise<boolean> {
    try {
      const { ino, size } = await this.#files.stat(this.#path)
      const isInPlace = ino === this.#inode && size >= this.#bytes
      if (isInPlace) this.#bytes = size
      return isInPlace
    } catch {
      return false // translated: opening it anew says what is wrong
    }
  }

  /** A crash may have cut the last line: what comes next is not to become a part of it. */
  async #endLastLine(handle: Handle): Promise<void> {
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, this.#bytes - 1)
    if (buffer[0] === lineBreak) return
    await handle.appendFile('\n')
    this.#bytes += 1
  }
}
