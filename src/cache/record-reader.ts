import type { Clock } from '../base/clock.ts'
import { BodyRooms, type Room } from './body-rooms.ts'
import type { DiskLayout } from './disk-layout.ts'
import type { Files } from './files.ts'
import { type HotFile, HotFiles } from './hot-files.ts'
import type { DecodedRecord } from './record-codec.ts'
import type { RecordDigest } from './record-digest.ts'
import {
  fileBytesOf,
  headerBytes,
  type ReadRecord,
  type RecordLengths,
  readHead,
  readHeader,
  readRecord,
  readRecordNow,
  readUnknownRecord,
} from './record-file.ts'
import { WarmReads } from './warm-reads.ts'

/** Well under the 4,096 descriptors that a process may commonly have. */
const maxHotFiles = 1000

/** `release`: of a body that is only lent. */
export interface LentRecord extends DecodedRecord {
  readonly release: Room['release'] | undefined
}

/** Reads the files of records, and keeps open those that are read often. */
export class RecordReader {
  readonly #layout: DiskLayout
  readonly #files: Files
  readonly #hot: HotFiles
  readonly #reads: WarmReads
  readonly #rooms = new BodyRooms()

  constructor(layout: DiskLayout, files: Files, clock: Clock) {
    this.#layout = layout
    this.#files = files
    this.#hot = new HotFiles(files, maxHotFiles)
    this.#reads = new WarmReads(files, clock)
  }

  /** Undefined when the file is damaged, or has other lengths. Rejects with ENOENT when there is none. */
  read(digest: RecordDigest, lengths: RecordLengths): Promise<ReadRecord | undefined> {
    return this.#hot.use(digest, this.#layout.file(digest), (file) => readRecord(this.#reads, file, lengths))
  }

  /** At once, when the file is open and in the page cache. Undefined says nothing: ask `read`. Never throws. */
  readNow(digest: RecordDigest, lengths: RecordLengths, mayLend: boolean): LentRecord | undefined {
    const file = this.#hot.ready(digest)
    if (file === undefined || !this.#reads.isWarm(file, fileBytesOf(lengths))) return undefined
    const room = mayLend ? this.#rooms.take(lengths.bodyBytes) : undefined
    const found = this.#tryNow(file, lengths, room?.bytes)
    if (found === undefined) room?.release()
    return found && { id: found.id, record: found.record, release: room?.release }
  }

  #tryNow(file: HotFile, lengths: RecordLengths, room: Uint8Array | undefined): ReadRecord | undefined {
    try {
      return readRecordNow(this.#reads, file, lengths, room)
    } catch {
      return undefined // `read` tries again, and says why it fails
    }
  }

  /** By the lengths that the file itself states. */
  readUnknown(digest: RecordDigest): Promise<ReadRecord | undefined> {
    const path = this.#layout.file(digest)
    return this.#hot.use(digest, path, (file) => readUnknownRecord(this.#files, this.#reads, file))
  }

  /** What its head says, without the record's bytes. Not a use: the file is not kept open. Undefined and rejects as `read`. */
  async readHead(digest: RecordDigest, lengths: RecordLengths): Promise<DecodedRecord | undefined> {
    const beginning = Buffer.allocUnsafe(headerBytes + lengths.headBytes)
    const fd = await this.#files.open(this.#layout.file(digest), 'read')
    try {
      if ((await this.#files.read(fd, [beginning])) < beginning.byteLength) return undefined
    } finally {
      await this.#files.close(fd)
    }
    const header = readHeader(beginning)
    return header?.headBytes === lengths.headBytes ? readHead(beginning, header) : undefined
  }

  /** To be awaited before the file is replaced or removed: who asked before that reads what was there. Never rejects. */
  opened(digest: RecordDigest): Promise<void> {
    return this.#hot.opened(digest)
  }

  /** The file is replaced or gone. */
  drop(digest: RecordDigest): void {
    this.#hot.drop(digest)
  }

  /** Nobody may be reading. */
  close(): Promise<void> {
    return this.#hot.close()
  }
}
