/** Audit lines on disk: one batch that is being written, and those that wait for their upload. */

import { constants } from 'node:fs'
import { type FileHandle, open, readdir, rename, stat, unlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import { abandonedFolders, claimFolder, type SpoolFolder } from './spool-folder.ts'

export interface SpooledBatch {
  /** `yatagarasu-audit-…jsonl`: as it is called in S3. */
  readonly name: string
  readonly path: string
  readonly bytes: number
}

export interface SpoolPorts {
  readonly clock: Clock
  readonly random: Random
  /** What this machine calls itself. */
  readonly hostname: string
}

/** The batch that is being written. */
const openName = 'open'
const batchName = /^yatagarasu-audit-.+\.jsonl$/
const lineBreak = 0x0a

/** Its methods that write are for one caller at a time; `oldest` and `remove` may be used beside them. */
export class Spool {
  readonly #folder: SpoolFolder
  readonly #node: string
  readonly #clock: Clock
  /** Oldest first. */
  readonly #batches: SpooledBatch[] = []
  #handle: FileHandle | undefined
  #openBytes = 0
  #sealedBytes = 0
  #lastSecond = 0

  constructor(folder: SpoolFolder, clock: Clock) {
    this.#folder = folder
    this.#node = basename(folder.path)
    this.#clock = clock
  }

  /** With everything that processes before this one have left. */
  static async open(root: string, { clock, random, hostname }: SpoolPorts): Promise<Spool> {
    // Two proxies of one host may write to the same bucket from two spool folders, in the same second.
    const node = `${safeName(hostname)}-${random.requestId().slice(-8)}`
    const spool = new Spool(await claimFolder(root, node), clock)
    try {
      for await (const folder of abandonedFolders(root)) await spool.#adopt(folder)
      return spool
    } catch (error) {
      await spool.close() // what was taken over already stays for the next one
      throw error
    }
  }

  /** All that is on disk. */
  get bytes(): number {
    return this.#openBytes + this.#sealedBytes
  }

  /** Of the batch that is being written. */
  get openBytes(): number {
    return this.#openBytes
  }

  /** Undefined: nothing waits. */
  get oldest(): SpooledBatch | undefined {
    return this.#batches[0]
  }

  /** Whole lines. They are on disk when it resolves; after a rejection they may be given once more. */
  async append(lines: Buffer): Promise<void> {
    this.#handle ??= await open(this.#openPath, constants.O_RDWR | constants.O_CREAT, 0o600)
    // By position: what a failed attempt has left is written over.
    for (let done = 0; done < lines.byteLength; ) {
      const { bytesWritten } = await this.#handle.write(lines, done, undefined, this.#openBytes + done)
      if (bytesWritten === 0) throw new Error('the file system took none of the bytes')
      done += bytesWritten
    }
    await this.#handle.datasync()
    this.#openBytes += lines.byteLength
  }

  /** Ends the batch that is being written; nothing when it has no lines. */
  async seal(): Promise<void> {
    if (this.#openBytes === 0) return
    await this.#handle?.truncate(this.#openBytes)
    const name = this.#nextName()
    await rename(this.#openPath, join(this.#folder.path, name))
    this.#add(name, this.#openBytes)
    this.#openBytes = 0
    const handle = this.#handle
    this.#handle = undefined
    await handle?.close()
  }

  /** It is in S3. */
  async remove(batch: SpooledBatch): Promise<void> {
    await unlink(batch.path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error // somebody was faster; anything else has to be tried again
    })
    const index = this.#batches.indexOf(batch)
    if (index === -1) return
    this.#batches.splice(index, 1)
    this.#sealedBytes -= batch.bytes
  }

  /** What is left waits for the next process. */
  async close(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    await handle?.close()
    if (this.#openBytes === 0) await unlink(this.#openPath).catch(() => undefined) // cleans up, if there is one
    await this.#folder.release()
  }

  get #openPath(): string {
    return join(this.#folder.path, openName)
  }

  /** Takes over what a process that is gone has left in its folder. */
  async #adopt(folder: string): Promise<void> {
    for (const found of await readdir(folder)) {
      const path = join(folder, found)
      if (found === openName) await this.#adoptOpen(path)
      else if (batchName.test(found)) await this.#take(path, found, (await stat(path)).size)
    }
    this.#batches.sort((one, other) => (one.name < other.name ? -1 : 1)) // the time comes first in their names
  }

  async #adoptOpen(path: string): Promise<void> {
    const bytes = await cutTornLine(path)
    if (bytes === 0) await unlink(path)
    else await this.#take(path, this.#nextName(), bytes)
  }

  async #take(path: string, name: string, bytes: number): Promise<void> {
    await rename(path, join(this.#folder.path, name))
    this.#add(name, bytes)
  }

  #add(name: string, bytes: number): void {
    this.#batches.push({ name, path: join(this.#folder.path, name), bytes })
    this.#sealedBytes += bytes
  }

  /** Never the same twice: of two batches within a second, or when the clock was put back, one gets a later time. */
  #nextName(): string {
    this.#lastSecond = Math.max(Math.floor(this.#clock.now() / 1000), this.#lastSecond + 1)
    const time = new Date(this.#lastSecond * 1000).toISOString().slice(0, 19).replaceAll(/[T:]/g, '-')
    return `yatagarasu-audit-${time}-${this.#node}.jsonl`
  }
}

function safeName(hostname: string): string {
  return (
    hostname
      .replaceAll(/[^A-Za-z0-9.-]/g, '-')
      .replace(/^\.+/, '')
      .slice(0, 64) || 'node'
  )
}

/** A crash may have cut the last line. Resolves with the bytes that are left. */
async function cutTornLine(path: string): Promise<number> {
  const handle = await open(path, 'r+')
  try {
    const block = Buffer.alloc(64 << 10)
    const { size } = await handle.stat()
    let end = size
    while (end > 0) {
      const start = Math.max(0, end - block.byteLength)
      const { bytesRead } = await handle.read(block, 0, end - start, start)
      const last = block.subarray(0, bytesRead).lastIndexOf(lineBreak)
      end = start + last + 1
      if (last !== -1) break
      end = start
    }
    if (end < size) await handle.truncate(end)
    return end
  } finally {
    await handle.close()
  }
}
