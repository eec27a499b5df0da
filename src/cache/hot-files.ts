import { LRUCache } from 'lru-cache'
import type { RecordId } from '../base/types.ts'
import type { Files } from './files.ts'
import type { ObjectHead } from './record.ts'
import type { RecordDigest } from './record-digest.ts'
import type { FileHeader } from './record-file.ts'

/** Of an object's record, what its file began with when it was last read, and what that says. */
export interface KnownBeginning {
  readonly beginning: Buffer
  readonly header: FileHeader
  /** Of the beginning. */
  readonly checksum: number
  readonly id: RecordId
  readonly head: ObjectHead
}

/** A file that is open, and what its readers noted of it. */
export interface HotFile {
  readonly fd: number
  /** Monotonic; -Infinity: never. */
  readAtMs: number
  known: KnownBeginning | undefined
}

interface OpenFile {
  readonly opened: Promise<HotFile>
  /** Undefined until it is open. */
  file: HotFile | undefined
  readers: number
  isDropped: boolean
}

/** Descriptors of files that are read often, a bounded number of them. One in use is never closed under its reader. */
export class HotFiles {
  readonly #files: Files
  readonly #open: LRUCache<RecordDigest, OpenFile>
  readonly #closing = new Set<Promise<void>>()

  constructor(files: Files, max: number) {
    this.#files = files
    this.#open = new LRUCache({ max, dispose: (file) => this.#drop(file) })
  }

  /** A file that is open already, for who is done with it in the same turn. */
  ready(digest: RecordDigest): HotFile | undefined {
    return this.#open.get(digest)?.file
  }

  /** Rejects as opening does: ENOENT when there is no file. */
  async use<T>(digest: RecordDigest, path: string, read: (file: HotFile) => Promise<T>): Promise<T> {
    let file = this.#open.get(digest)
    if (file === undefined) {
      file = this.#begin(digest, path)
      this.#open.set(digest, file)
    }
    file.readers++
    try {
      return await read(await file.opened)
    } finally {
      file.readers--
      if (file.isDropped) this.#closeUnused(file)
    }
  }

  /** To be awaited before the file is replaced or removed: who asked before that reads what was there. Never rejects. */
  async opened(digest: RecordDigest): Promise<void> {
    const file = this.#open.peek(digest)
    if (file === undefined || file.file !== undefined) return
    await file.opened.catch(() => undefined) // its reader is told
  }

  /** The file is replaced or gone. */
  drop(digest: RecordDigest): void {
    this.#open.delete(digest)
  }

  /** Nobody may be reading. */
  async close(): Promise<void> {
    this.#open.clear()
    await Promise.all(this.#closing)
  }

  #begin(digest: RecordDigest, path: string): OpenFile {
    const opened = this.#openSparingly(path).then((fd) => ({ fd, readAtMs: -Infinity, known: undefined }))
    const file: OpenFile = { opened, file: undefined, readers: 0, isDropped: false }
    opened.then(
      (hot) => {
        file.file = hot
      },
      () => {
        if (this.#open.peek(digest) === file) this.#open.delete(digest)
      },
    )
    return file
  }

  async #openSparingly(path: string): Promise<number> {
    try {
      return await this.#files.open(path, 'read')
    } catch (error) {
      if (!isOutOfDescriptors(error)) throw error
      for (let left = this.#open.size / 2; left > 1; left--) this.#open.pop()
      await Promise.all(this.#closing)
      return this.#files.open(path, 'read')
    }
  }

  #drop(file: OpenFile): void {
    file.isDropped = true
    this.#closeUnused(file)
  }

  #closeUnused(file: OpenFile): void {
    if (file.readers > 0) return
    const closed = file.opened.then(({ fd }) => this.#files.close(fd)).catch(() => undefined) // never opened, or as good as closed
    this.#closing.add(closed)
    void closed.finally(() => this.#closing.delete(closed))
  }
}

function isOutOfDescriptors(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EMFILE' || error.code === 'ENFILE')
}
