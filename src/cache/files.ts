/** What the disk tier asks of a file system: descriptors are plain numbers, which cost less than FileHandle on hot reads. */

import fs from 'node:fs'

export interface Files {
  /** `write` makes a new file, 0600, and fails where there is one; `append` fails where there is none. */
  open(path: string, purpose: 'read' | 'write' | 'append'): Promise<number>
  /** Bytes read into the buffers, one after the other, from the file's beginning. */
  read(fd: number, buffers: readonly Uint8Array[]): Promise<number>
  /** The same at once, with the whole process waiting: for what lies in the page cache. Throws. */
  readNow(fd: number, buffers: readonly Uint8Array[]): number
  /** Appends. Rejects when it could not write all of it. */
  write(fd: number, buffers: readonly Uint8Array[]): Promise<void>
  /** Resolves when what was written lies on the disk, and with a folder's descriptor the names in it. */
  sync(fd: number): Promise<void>
  size(fd: number): Promise<number>
  close(fd: number): Promise<void>
  rename(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
  /** With its parents, 0700; nothing when it is there. */
  makeFolder(path: string): Promise<void>
  /** Only an empty one. */
  removeFolder(path: string): Promise<void>
}

/** Should a pipe lie there, it is no reason to wait. */
const readFlags = fs.constants.O_RDONLY | fs.constants.O_NONBLOCK

const flags = {
  read: readFlags,
  write: 'wx',
  append: fs.constants.O_WRONLY | fs.constants.O_APPEND | fs.constants.O_NONBLOCK,
} as const

export const systemFiles: Files = {
  open: (path, purpose) => asPromise((done) => fs.open(path, flags[purpose], 0o600, done)) satisfies Promise<number>,
  read: (fd, buffers) => asPromise((done) => fs.readv(fd, buffers, 0, done)),
  readNow: (fd, buffers) => fs.readvSync(fd, buffers, 0),
  async write(fd, buffers) {
    let left = buffers.reduce((sum, { byteLength }) => sum + byteLength, 0)
    for (let rest = buffers; left > 0; rest = tail(rest, left)) {
      const written = await asPromise<number>((done) => fs.writev(fd, rest, done))
      // A disk that is full takes a part at first; the next call says so.
      if (written === 0) throw new Error('the file system took none of the bytes')
      left -= written
    }
  },
  sync: (fd) => asPromise((done) => fs.fdatasync(fd, done)),
  size: async (fd) => (await asPromise<fs.Stats>((done) => fs.fstat(fd, done))).size,
  close: (fd) => asPromise((done) => fs.close(fd, done)),
  rename: (from, to) => asPromise((done) => fs.rename(from, to, done)),
  unlink: (path) => asPromise((done) => fs.unlink(path, done)),
  removeFolder: (path) => asPromise((done) => fs.rmdir(path, done)),
  async makeFolder(path) {
    await asPromise((done) => fs.mkdir(path, { recursive: true, mode: 0o700 }, done))
  },
}

/** There is nothing, a folder where a file should be, or a file where its folder should be. */
const missingCodes: readonly unknown[] = ['ENOENT', 'EISDIR', 'ENOTDIR']

/** Whether an error of the file system says that there is no such file. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && missingCodes.includes(error.code)
}

/** Whether it says that there is no space: on the device, or for this user. */
export function isOutOfSpace(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')
}

/** Whether it says that there is a folder where a file should be. */
export function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EISDIR'
}

/** The last `bytes` of the buffers. */
function tail(buffers: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  const kept: Uint8Array[] = []
  for (let index = buffers.length - 1, left = bytes; index >= 0 && left > 0; index--) {
    const buffer = buffers[index] as Uint8Array
    kept.unshift(buffer.subarray(Math.max(0, buffer.byteLength - left)))
    left -= buffer.byteLength
  }
  return kept
}

function asPromise<T>(act: (done: (error: Error | null, value?: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    act((error, value) => {
      if (error === null || error === undefined) resolve(value as T)
      else reject(error)
    })
  })
}
