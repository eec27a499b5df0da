import fileSystem from 'node:fs/promises'
import type { FileSystem } from '../../src/audit/live-file.ts'

/** The system's files, which now and then refuse, or take only a part of what is written. */
export class FaultyFileSystem implements FileSystem {
  readonly mkdir = fileSystem.mkdir
  readonly readdir = fileSystem.readdir
  readonly stat = fileSystem.stat
  readonly unlink: FileSystem['unlink']
  readonly rename: FileSystem['rename']
  readonly open: FileSystem['open']
  /** Whether a call of that name fails this time. */
  fails: (call: 'open' | 'rename' | 'unlink' | 'write') => boolean = () => false
  /** How much of so many bytes a write takes. */
  takes: (bytes: number) => number = (bytes) => bytes
  writesAtOnce = 0
  mostWritesAtOnce = 0

  constructor() {
    this.unlink = async (path) => {
      this.#mayFail('unlink')
      await fileSystem.unlink(path)
    }
    this.rename = async (from, to) => {
      this.#mayFail('rename')
      await fileSystem.rename(from, to)
    }
    this.open = async (path, flags, mode) => {
      this.#mayFail('open')
      const handle = await fileSystem.open(path, flags, mode)
      const write = handle.write.bind(handle) as (bytes: Uint8Array) => Promise<{ bytesWritten: number }>
      const limited = async (bytes: Uint8Array) => {
        this.mostWritesAtOnce = Math.max(this.mostWritesAtOnce, ++this.writesAtOnce)
        try {
          this.#mayFail('write')
          return await write(bytes.subarray(0, this.takes(bytes.byteLength)))
        } finally {
          this.writesAtOnce -= 1
        }
      }
      return Object.assign(handle, { write: limited })
    }
  }

  #mayFail(call: 'open' | 'rename' | 'unlink' | 'write'): void {
    if (this.fails(call)) throw Object.assign(new Error(`ENOSPC: no space left, ${call}`), { code: 'ENOSPC' })
  }
}
