/**
 * The index as a file, and what the folders looked like when it was taken: a folder whose time of change is another one
 * by now holds something that the snapshot does not know. Compared for equality, so that clocks may step.
 */

import { randomBytes } from 'node:crypto'
import { lstatSync, readdirSync } from 'node:fs'
import { type FileHandle, open, readFile, rename, unlink } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import type { DiskIndex, DiskIndexOptions } from './disk-index.ts'
import { DiskIndexRestorer } from './disk-index-restorer.ts'
import { type DiskLayout, folderCount, nameOfFolder } from './disk-layout.ts'
import { isMissing } from './files.ts'

const format = 1
const magic = 0x58444959 // 'YIDX'
const nameBytes = 16
const timesAt = 32
const checksumAt = timesAt + folderCount * 8
const beginningBytes = checksumAt + 8
const pieceBytes = 2 ** 20

/** File systems keep times in steps, of 2 s at most: a folder changed just now may change again without showing it. */
const stepMs = 2000

const missing = 0
const unknown = -1

export interface Snapshot {
  readonly index: DiskIndex
  /** It was taken when the tier closed, and nobody has written since. */
  readonly isComplete: boolean
  /** By the clock of the file system. */
  readonly takenAtMs: number
  readonly folderTimes: Float64Array
}

/** Looks at the folders there are now; one made later counts as missing, which it will not be when that is compared. */
export class FolderTimes {
  readonly #layout: DiskLayout
  readonly #names: ReadonlySet<string>

  constructor(layout: DiskLayout) {
    this.#layout = layout
    this.#names = new Set(namesIn(layout.records))
  }

  has(folder: number): boolean {
    return this.#names.has(nameOfFolder(folder))
  }

  read(folder: number): number {
    if (!this.has(folder)) return missing
    return lstatSync(this.#layout.folder(folder), { throwIfNoEntry: false })?.mtimeMs ?? missing
  }
}

/** None when the folder is not there. */
export function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

export class SnapshotWriter {
  readonly #layout: DiskLayout
  readonly #file: FileHandle
  readonly #path: string
  readonly #name = randomBytes(nameBytes)
  readonly #takenAtMs: number
  readonly #times: FolderTimes
  readonly #folderTimes = new Float64Array(folderCount).fill(unknown)

  constructor(layout: DiskLayout, path: string, file: FileHandle, takenAtMs: number) {
    this.#layout = layout
    this.#path = path
    this.#file = file
    this.#takenAtMs = takenAtMs
    this.#times = new FolderTimes(layout)
  }

  static async create(layout: DiskLayout, path: string): Promise<SnapshotWriter> {
    const file = await open(path, 'wx', 0o600)
    try {
      return new SnapshotWriter(layout, path, file, (await file.stat()).mtimeMs)
    } catch (error) {
      // Cleans up: a FileHandle that is collected while it is open ends the process.
      await abandon(file, path)
      throw error
    }
  }

  /** Only while nothing in the folder is on its way between the files and the index. */
  noteFolder(folder: number): void {
    const time = this.#times.read(folder)
    this.#folderTimes[folder] = time < this.#takenAtMs - stepMs ? time : unknown
  }

  /** After all folders were noted. Takes the state of now. */
  async write(index: DiskIndex): Promise<void> {
    const chunks = index.snapshot()
    await this.#file.writeFile(this.#beginning())
    for (const chunk of chunks) await this.#file.writeFile(chunk)
    await this.#file.close()
    await rename(this.#path, this.#layout.snapshot)
  }

  /** Says that this snapshot knows all: it will be believed. */
  async markComplete(): Promise<void> {
    const file = await open(this.#layout.cleanStop, 'w', 0o600)
    try {
      await file.writeFile(this.#name)
    } finally {
      await file.close()
    }
  }

  /** Whether written or not; what it leaves behind is swept at the next start. */
  async abandon(): Promise<void> {
    await abandon(this.#file, this.#path)
  }

  #beginning(): Uint8Array {
    const bytes = Buffer.alloc(beginningBytes)
    bytes.writeUInt32LE(magic, 0)
    bytes.writeUInt32LE(format, 4)
    this.#name.copy(bytes, 8)
    bytes.writeDoubleLE(this.#takenAtMs, 8 + nameBytes)
    this.#folderTimes.forEach((time, folder) => {
      bytes.writeDoubleLE(time, timesAt + folder * 8)
    })
    bytes.writeUInt32LE(crc32(bytes.subarray(0, checksumAt)), checksumAt)
    return bytes
  }
}

async function abandon(file: FileHandle, path: string): Promise<void> {
  await file.close().catch(() => undefined)
  await unlink(path).catch(() => undefined)
}

/** Undefined when there is none, or none of this format that is whole. */
export async function loadSnapshot(layout: DiskLayout, options: DiskIndexOptions): Promise<Snapshot | undefined> {
  const stop = await readIfThere(layout.cleanStop)
  // Whoever starts now will write, also if it ends before it has saved anything.
  if (stop !== undefined) await forgetCleanStop(layout)
  let file: FileHandle
  try {
    file = await open(layout.snapshot, 'r')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
  try {
    const { size } = await file.stat()
    const beginning = Buffer.alloc(beginningBytes)
    if ((await file.read(beginning, 0, beginningBytes, 0)).bytesRead < beginningBytes) return undefined
    if (beginning.readUInt32LE(0) !== magic || beginning.readUInt32LE(4) !== format) return undefined
    if (beginning.readUInt32LE(checksumAt) !== crc32(beginning.subarray(0, checksumAt))) return undefined
    const index = await restore(file, size, options)
    if (index === undefined) return undefined
    const folderTimes = Float64Array.from({ length: folderCount }, (_, folder) =>
      beginning.readDoubleLE(timesAt + folder * 8),
    )
    const isComplete = stop?.equals(beginning.subarray(8, 8 + nameBytes)) ?? false
    return { index, isComplete, takenAtMs: beginning.readDoubleLE(8 + nameBytes), folderTimes }
  } finally {
    await file.close()
  }
}

async function restore(file: FileHandle, size: number, options: DiskIndexOptions): Promise<DiskIndex | undefined> {
  const restorer = new DiskIndexRestorer(size - beginningBytes, options)
  const piece = Buffer.allocUnsafeSlow(pieceBytes)
  for (let at = beginningBytes; at < size; ) {
    const { bytesRead } = await file.read(piece, 0, pieceBytes, at)
    if (bytesRead === 0 || !restorer.push(piece.subarray(0, bytesRead))) return undefined
    at += bytesRead
  }
  return restorer.finish()
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** Synced: a machine that loses power later must not find it again beside files of another day. */
async function forgetCleanStop(layout: DiskLayout): Promise<void> {
  await unlink(layout.cleanStop)
  const folder = await open(layout.root, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
