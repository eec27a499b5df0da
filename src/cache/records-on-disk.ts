import type { RecordId } from '../base/types.ts'
import { bucketOf } from './cache-key.ts'
import type { DiskIndex } from './disk-index.ts'
import { type DiskLayout, folderOf } from './disk-layout.ts'
import { DiskRecovery } from './disk-recovery.ts'
import { DiskRoom } from './disk-room.ts'
import type { Snapshot } from './disk-snapshot.ts'
import type { DiskTierOptions, DiskTierPorts } from './disk-tier.ts'
import { isMissing } from './files.ts'
import type { CacheRecord } from './record.ts'
import { digestOf, type RecordDigest } from './record-digest.ts'
import { allocatedBytes, encodeFile, type FileHeader, fileBytesOf, type ReadRecord } from './record-file.ts'
import { RecordReader } from './record-reader.ts'
import { RecordWriter } from './record-writer.ts'
import type { Removed, TierUsage } from './tier.ts'
import { Turns } from './turns.ts'

/** Records removed at a time by `clear`. */
const clearers = 16

export interface RecordsOnDiskOptions extends Pick<DiskTierOptions, 'maxBytes' | 'uselessAfter'> {
  readonly layout: DiskLayout
  readonly index: DiskIndex
  readonly snapshot: Snapshot | undefined
  /** What the file system gives space in. */
  readonly blockBytes: number
  /** There are no files of records at all. */
  readonly isEmpty: boolean
}

/** Records as files of a folder that is locked, whose index is loaded. Every method acts in the order of the calls for one id. */
export class RecordsOnDisk {
  readonly #options: RecordsOnDiskOptions
  readonly #ports: Required<DiskTierPorts>
  readonly index: DiskIndex
  readonly turns = new Turns()
  readonly #reader: RecordReader
  readonly #room: DiskRoom
  readonly #writer: RecordWriter
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
      maxBytes: options.maxBytes,
      index: options.index,
      turns: this.turns,
      removeFile: (digest) => this.#removeEvicted(digest),
    })
    this.#recovery = this.#recover(options.snapshot)
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

  /** To be called by the index when it evicts. */
  evicted(id: RecordId, bytes: number): void {
    const digest = digestOf(id)
    this.#changes += 1
    this.#ports.events.evicted('disk', bucketOf(id), 'size')
    this.#reader.drop(digest)
    this.#room.condemn(digest, bytes)
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
  getNow(id: RecordId): CacheRecord | undefined {
    const digest = digestOf(id)
    const entry = this.turns.isBusy(digest) ? undefined : this.index.peek(id, digest)
    const found = entry && this.#reader.readNow(digest, entry)
    if (found?.id !== id) return undefined
    this.index.get(id, digest) // a use, which `get` counts itself when it is asked
    return found.record
  }

  async has(id: RecordId): Promise<boolean> {
    const digest = digestOf(id)
    const earlier = this.turns.latest(digest)
    if (earlier !== undefined) await earlier
    return this.index.peek(id, digest) !== undefined
  }

  put(id: RecordId, record: CacheRecord): Promise<void> {
    const digest = digestOf(id)
    return this.turns.take(digest, () => this.#put(id, digest, record))
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

  /** Puts under way are over first; a record that is put meanwhile may be lost. */
  async clear(bucket?: string): Promise<Removed> {
    const unknown = this.#recovery.clear(bucket)
    await this.turns.settled()
    const ids = [...this.index.ids(bucket)]
    let [entries, bytes] = [0, 0]
    const removeNext = async () => {
      for (let id = ids.pop(); id !== undefined; id = ids.pop()) {
        const removed = await this.remove(id)
        entries += removed.entries
        bytes += removed.bytes
      }
    }
    await Promise.all(Array.from({ length: clearers }, removeNext))
    await this.#room.emptied()
    const found = await unknown
    return { entries: entries + found.entries, bytes: bytes + found.bytes }
  }

  usage(): TierUsage {
    return this.index.usage()
  }

  /** Tries again to remove what could not be removed. To be called now and then. */
  async tidy(): Promise<void> {
    await this.#writer.discardTemporaries()
    for (const digest of [...this.#writer.leftovers]) {
      await this.turns.take(digest, async () => {
        // Told of when it failed first; a record of that name that was put since is no leftover.
        if (this.#writer.leftovers.has(digest)) await this.#writer.remove(digest).catch(() => undefined)
      })
    }
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
    })
  }

  async #put(id: RecordId, digest: RecordDigest, record: CacheRecord): Promise<void> {
    const file = encodeFile(id, record, this.#options.uselessAfter(id, record))
    const bytes = allocatedBytes(fileBytesOf(file), this.#options.blockBytes)
    if (bytes > this.index.maxEntryBytes || !this.#mayGrow) return this.#forget(id, digest)
    if (this.#room.isCondemned(digest)) await this.#removeFile(digest)
    await this.#room.reserve(digest, bytes)
    try {
      await this.#reader.opened(digest)
      await this.#writer.write(digest, file.parts)
      this.#reader.drop(digest)
      await this.#enter(id, digest, file)
    } catch (error) {
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
  async #enter(id: RecordId, digest: RecordDigest, file: FileHeader): Promise<void> {
    const { headBytes, bodyBytes, uselessAfterS } = file
    const bytes = allocatedBytes(fileBytesOf(file), this.#options.blockBytes)
    this.#changes += 1
    if (!this.index.set({ id, bytes, headBytes, bodyBytes, uselessAfterS }, digest)) await this.#removeFile(digest)
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
        if (found?.id === id) {
          await this.#enter(id, digest, found.header)
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

  async #removeEvicted(digest: RecordDigest): Promise<void> {
    try {
      await this.#writer.remove(digest)
    } catch (error) {
      this.#ports.events.failed('disk', 'remove', error) // it is tried again: see `tidy`
    }
  }
}
