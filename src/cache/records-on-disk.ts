import type { RecordId } from '../base/types.ts'
import { bucketOf } from './cache-key.ts'
import type { DiskIndex } from './disk-index.ts'
import { type DiskLayout, folderOf } from './disk-layout.ts'
import type { DiskPurges } from './disk-purges.ts'
import { DiskRecovery } from './disk-recovery.ts'
import { DiskRoom } from './disk-room.ts'
import type { Snapshot } from './disk-snapshot.ts'
import type { DiskTierOptions, DiskTierPorts } from './disk-tier.ts'
import { isMissing, isOutOfSpace } from './files.ts'
import { PutsUnderWay, type PutUnderWay } from './puts-under-way.ts'
import { type CacheRecord, tagsOf } from './record.ts'
import { digestOf, type RecordDigest } from './record-digest.ts'
import { allocatedBytes, encodeFile, type FileHeader, fileBytesOf, type ReadRecord } from './record-file.ts'
import { type LentRecord, RecordReader } from './record-reader.ts'
import { RecordWriter } from './record-writer.ts'
import { ScopesOnDisk } from './scopes-on-disk.ts'
import type { Removed } from './tier.ts'
import { Turns } from './turns.ts'

export interface RecordsOnDiskOptions extends Pick<DiskTierOptions, 'maxBytes' | 'uselessAfter'> {
  readonly layout: DiskLayout
  readonly index: DiskIndex
  readonly snapshot: Snapshot | undefined
  /** What the file system gives space in. */
  readonly blockBytes: number
  /** There are no files of records at all. */
  readonly isEmpty: boolean
  readonly purges: DiskPurges
}

/** Records as files of a folder that is locked, whose index is loaded. Every method acts in the order of the calls for one id. */
export class RecordsOnDisk {
  readonly #options: RecordsOnDiskOptions
  readonly #ports: Required<DiskTierPorts>
  readonly index: DiskIndex
  readonly turns = new Turns()
  readonly scopes: ScopesOnDisk
  readonly #reader: RecordReader
  readonly #room: DiskRoom
  readonly #writer: RecordWriter
  readonly #puts = new PutsUnderWay()
  #recovery: DiskRecovery
  #changes = 0
  #isRecountDue = false

  constructor(options: RecordsOnDiskOptions, ports: Required<DiskTierPorts>) {
    this.#options = options
    this.#ports = ports
    this.index = options.index
    this.#reader = new RecordReader(options.layout, ports.files, ports.clock)
    this.#writer = new RecordWriter(options.layout, ports.files, (folder) => this.noteLoss(folder))
    this.#room = new DiskRoom({
      ...{ maxBytes: options.maxBytes, index: options.index, turns: this.turns },
      removeFile: async (digest) => {
        await this.#writer.remove(digest).catch((error) => ports.events.failed('disk', 'remove', error)) // see `tidy`
      },
    })
    this.#recovery = this.#recover(options.snapshot)
    this.scopes = new ScopesOnDisk({
      index: options.index,
      turns: this.turns,
      puts: this.#puts,
      reader: this.#reader,
      clock: ports.clock,
      clearUnknown: (scope) => this.#recovery.clear(scope),
      condemn: (id, bytes) => this.#condemn(id, bytes),
    })
  }

  get recovery(): DiskRecovery {
    return this.#recovery
  }

  /** Counts up when a record comes or goes. */
  get changes(): number {
    return this.#changes
  }

  /** All there is to know is in the index. */
  get isKnown(): boolean {
    return this.#recovery.isComplete && this.#writer.leftovers.size === 0
  }

  /** Nothing lies on the disk that the index does not know. */
  get isExact(): boolean {
    return this.isKnown && this.#room.isEmpty && this.scopes.isIdle
  }

  /** Its files are about to change, or to go. */
  isFolderBusy(folder: number): boolean {
    return this.turns.isFolderBusy(folder) || this.#room.isFolderBusy(folder)
  }

  /** To be called by the index when it evicts. */
  evicted(id: RecordId, bytes: number): void {
    this.#ports.events.evicted('disk', bucketOf(id), 'size')
    this.#condemn(id, bytes)
  }

  async get(id: RecordId): Promise<CacheRecord | undefined> {
    const digest = digestOf(id)
    const earlier = this.turns.latest(digest)
    if (earlier !== undefined) await earlier
    const entry = this.index.get(id, digest)
    if (entry === undefined) return undefined
    let found: ReadRecord | undefined
    try {
      found = await this.#reader.read(digest, entry)
    } catch (error) {
      if (!isMissing(error)) throw error // else looked at again
    }
    return found?.id === id ? found.record : this.#lookAgain(id, digest)
  }

  /** Undefined says nothing: ask `get`. Never throws. */
  getNow(id: RecordId, mayLend = false): LentRecord | undefined {
    const digest = digestOf(id)
    const entry = this.turns.isBusy(digest) ? undefined : this.index.peek(id, digest)
    const found = entry && this.#reader.readNow(digest, entry, mayLend)
    if (found?.id === id)
      this.index.get(id, digest) // a use, which `get` counts itself when it is asked
    else found?.release?.()
    return found?.id === id ? found : undefined
  }

  async has(id: RecordId): Promise<boolean> {
    const digest = digestOf(id)
    const earlier = this.turns.latest(digest)
    if (earlier !== undefined) await earlier
    return this.index.peek(id, digest) !== undefined
  }

  put(id: RecordId, record: CacheRecord): Promise<void> {
    const digest = digestOf(id)
    return this.#puts.during(id, tagsOf(record), (put) => this.turns.take(digest, () => this.#put(put, digest, record)))
  }

  remove(id: RecordId): Promise<Removed> {
    const digest = digestOf(id)
    return this.turns.take(digest, async () => {
      this.#changes += 1
      const isEvicted = this.#room.isCondemned(digest)
      const bytes = this.index.delete(id, digest)
      if (bytes !== undefined) {
        await this.#removeFile(digest)
        return { entries: 1, bytes }
      }
      const isFound = (await this.#removeUnknown(digest)) && !isEvicted
      return { entries: isFound ? 1 : 0, bytes: 0 }
    })
  }

  /** Tries again to remove what could not be removed. To be called now and then. */
  async tidy(): Promise<void> {
    await this.#writer.discardTemporaries()
    await this.#writer.removeLeftovers(this.turns)
    this.#room.regainSpace()
    if (this.#isRecountDue) this.#recount()
  }

  /** Somebody removed files, perhaps all of them: what is left of them will say what is left of the records. */
  noteLoss(path: string): void {
    this.#ports.events.failed('disk', 'get', new Error(`${path} was removed by somebody else`))
    this.#isRecountDue = true
  }

  /** Calls may not come any more. Waits for those that came. */
  async settle(): Promise<void> {
    this.#recovery.stop()
    await this.#recovery.done
    await this.scopes.settled()
    await this.turns.settled()
    await this.#room.emptied()
    await this.turns.settled()
    await this.#reader.close()
  }

  /** While one is under way it stays due: files may have gone behind it. */
  #recount(): void {
    if (!this.#recovery.isDone) return
    this.#isRecountDue = false
    this.#recovery = this.#recover(undefined)
  }

  #recover(snapshot: Snapshot | undefined): DiskRecovery {
    const { layout, index } = this.#options
    return new DiskRecovery({
      layout,
      index,
      snapshot,
      clock: this.#ports.clock,
      events: this.#ports.events,
      isBusy: (digest) =>
        this.turns.isBusy(digest) || this.#room.isCondemned(digest) || this.#writer.leftovers.has(digest),
      blockBytes: this.#options.blockBytes,
      makeRoom: (bytes) => index.makeRoom(bytes + this.#room.reservedBytes),
      onChanged: (digest) => this.#reader.drop(digest),
      purges: this.#options.purges,
    })
  }

  /** The record has left the index: its file goes behind. */
  #condemn(id: RecordId, bytes: number): void {
    const digest = digestOf(id)
    this.#changes += 1
    this.#reader.drop(digest)
    this.#room.condemn(digest, bytes)
  }

  async #put(put: PutUnderWay, digest: RecordDigest, record: CacheRecord): Promise<void> {
    const { id, tags } = put
    const file = encodeFile(id, record, this.#options.uselessAfter(id, record))
    const bytes = allocatedBytes(fileBytesOf(file), this.#options.blockBytes)
    if (put.isCleared || bytes > this.index.maxEntryBytes || !this.#mayGrow) return this.#forget(id, digest)
    if (this.#room.isCondemned(digest)) await this.#removeFile(digest)
    await this.#room.reserve(digest, bytes)
    try {
      await this.#reader.opened(digest)
      await this.#writer.write(digest, file.parts)
      this.#reader.drop(digest)
      if (put.isCleared) await this.#removeFile(digest)
      else await this.#enter(id, tags, digest, file)
    } catch (error) {
      if (isOutOfSpace(error)) this.#room.foundNoSpace()
      this.index.delete(id, digest)
      await this.#removeFile(digest).catch(() => undefined) // the older record must not outlive the newer; what failed is thrown
      throw error
    } finally {
      this.#room.release(digest, bytes)
    }
  }

  /** Without a snapshot nobody knows how full the disk is until all was looked at. */
  get #mayGrow(): boolean {
    return this.#options.snapshot !== undefined || this.#options.isEmpty || this.#recovery.isDone
  }

  /** Not in the index and not on the disk: a record that nobody could find again must not come back at the next start. */
  async #enter(id: RecordId, tags: readonly string[], digest: RecordDigest, file: FileHeader): Promise<void> {
    const { headBytes, bodyBytes, uselessAfterS } = file
    const bytes = allocatedBytes(fileBytesOf(file), this.#options.blockBytes)
    this.#changes += 1
    const isKept = this.index.set({ id, bytes, headBytes, bodyBytes, uselessAfterS, tags }, digest)
    if (!isKept) await this.#removeFile(digest)
  }

  async #forget(id: RecordId, digest: RecordDigest): Promise<void> {
    this.#changes += 1
    if (this.index.delete(id, digest) !== undefined) await this.#removeFile(digest)
    else await this.#removeUnknown(digest)
  }

  /** Of a record that the index does not know, there is a file only if its removal is due, or its folder was not walked yet. */
  async #removeUnknown(digest: RecordDigest): Promise<boolean> {
    const isDue = this.#room.isCondemned(digest) || this.#writer.leftovers.has(digest)
    return isDue || !this.#recovery.isWalked(folderOf(digest)) ? this.#removeFile(digest) : false
  }

  /**
   * The file was not what the index says: it is damaged, it was there before a crash and the index knows an older one, or
   * it was replaced between the look into the index and the opening. In its turn, and by what the file itself says, it is
   * the record or it goes.
   */
  #lookAgain(id: RecordId, digest: RecordDigest): Promise<CacheRecord | undefined> {
    return this.turns.take(digest, async () => {
      this.#reader.drop(digest)
      const entry = this.index.peek(id, digest)
      if (entry === undefined) return undefined
      try {
        const found = await this.#reader.readUnknown(digest)
        if (this.index.peek(id, digest) === undefined) return undefined // evicted or cleared while it was read
        if (found?.id === id) {
          await this.#enter(id, tagsOf(found.record), digest, found.header)
          return found.record
        }
      } catch (error) {
        if (!isMissing(error)) throw error
        this.index.delete(id, digest)
        this.#changes += 1
        if (this.#recovery.isWalked(folderOf(digest))) this.noteLoss(this.#options.layout.file(digest))
        return undefined
      }
      await this.#forget(id, digest)
      this.#ports.events.failed('disk', 'get', new Error(`${this.#options.layout.file(digest)} was damaged`))
      return undefined
    })
  }

  /** True when there was one. In its turn. */
  async #removeFile(digest: RecordDigest): Promise<boolean> {
    await this.#reader.opened(digest)
    this.#reader.drop(digest)
    try {
      return await this.#writer.remove(digest)
    } finally {
      this.#room.takeOver(digest)
    }
  }
}
