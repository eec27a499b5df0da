import { closeSync, lstatSync, openSync, readdirSync, readSync, rmdirSync, type Stats, unlinkSync } from 'node:fs'
import type { Clock } from '../base/clock.ts'
import type { EpochMs, RecordId } from '../base/types.ts'
import { bucketOf } from './cache-key.ts'
import type { DiskEntry, TaggedEntry } from './disk-entry.ts'
import type { DiskIndex } from './disk-index.ts'
import { type DiskLayout, folderBits, folderCount, folderOf, isNameOfFolder } from './disk-layout.ts'
import type { DiskPurges } from './disk-purges.ts'
import { FolderTimes, namesIn, type Snapshot } from './disk-snapshot.ts'
import { isMissing } from './files.ts'
import { PurgeMarks } from './purge-marks.ts'
import { type CacheRecord, tagsOf } from './record.ts'
import { digestOf, parseDigest, type RecordDigest } from './record-digest.ts'
import { allocatedBytes, fileBytesOf, headerBytes, readHead, readHeader } from './record-file.ts'
import type { Scope } from './scope.ts'
import { Stints } from './stints.ts'
import type { TierEvents } from './tier.ts'

/** Times of files are compared with this much to spare, as `stepMs` of the snapshot says. */
const marginMs = 2000

const beginningBytes = 4096

export interface DiskRecoveryOptions {
  readonly layout: DiskLayout
  readonly index: DiskIndex
  /** What is known already; without it every file is looked into. */
  readonly snapshot: Pick<Snapshot, 'isComplete' | 'takenAtMs' | 'folderTimes'> | undefined
  readonly clock: Clock
  readonly events: Pick<TierEvents, 'evicted' | 'failed'>
  /** Whether somebody is at work on the file, or will be: whatever comes of that is right. */
  readonly isBusy: (digest: RecordDigest) => boolean
  readonly blockBytes: number
  readonly makeRoom: (bytes: number) => void
  /** The file was removed, or is not what it was taken for. */
  readonly onChanged: (digest: RecordDigest) => void
  /** What is to be forgotten, though the process may have ended before its file was removed. */
  readonly purges: Pick<DiskPurges, 'isEmpty' | 'covers'>
}

/** What a file is found to hold. */
interface Found extends Omit<TaggedEntry, 'bytes'> {
  /** As far as its file tells. */
  readonly requestedAt: EpochMs
}

/** Older than any record: only what no purge covers is not purged then. */
const ageless = 0 as EpochMs

/**
 * Brings the index in line with the files, folder by folder, while the tier is in use. The file system is asked
 * synchronously, which costs a quarter of the CPU, for a few milliseconds at a time: between looking at a file and
 * entering it nothing else happens.
 */
export class DiskRecovery {
  readonly #options: DiskRecoveryOptions
  readonly #walked = new Uint8Array(folderCount)
  readonly #beginning = Buffer.allocUnsafeSlow(beginningBytes)
  /** What is to be removed where it is found, whatever its age. */
  readonly #cleared = new PurgeMarks()
  readonly #stints: Stints
  /** Those there were at the start: in a later one there is nothing that nobody knows. */
  #folders: FolderTimes | undefined
  #isStopped = false
  #isDone = false
  /** Resolves when all folders were walked, or when stopped; never rejects. */
  readonly done: Promise<void>

  constructor(options: DiskRecoveryOptions) {
    this.#options = options
    this.#stints = new Stints(options.clock)
    this.done = this.#run()
  }

  get isDone(): boolean {
    return this.#isDone
  }

  /** Nothing was left out. */
  get isComplete(): boolean {
    return this.#walked.every((isWalked) => isWalked === 1)
  }

  /** Everything in the folder is known. */
  isWalked(folder: number): boolean {
    return this.#walked[folder] === 1
  }

  stop(): void {
    this.#isStopped = true
  }

  /** Files that nobody knows yet are removed as they are found, where the scope covers them. False: there can be none. */
  clear(scope: Scope): boolean {
    if (this.isDone || this.#options.snapshot?.isComplete) return false
    this.#cleared.set(scope, ageless)
    return true
  }

  async #run(): Promise<void> {
    const { index, layout } = this.#options
    this.#attempt(() => this.#sweepStrangers())
    this.#folders = this.#attempt(() => new FolderTimes(layout))
    const idsOf = index.idsByPrefix(folderBits)
    for (let folder = 0; folder < folderCount && this.#folders !== undefined && !this.#isStopped; folder++) {
      await this.#rest()
      if (await this.#walk(folder, idsOf(folder))) this.#walked[folder] = 1
    }
    this.#isDone = true
  }

  /** False when something in it could not be looked at. */
  async #walk(folder: number, ids: readonly RecordId[]): Promise<boolean> {
    const names = this.#attempt(() => this.#namesToLookAt(folder))
    if (names === undefined) return false
    const known = new Map(ids.map((id) => [digestOf(id), id]))
    if (names === 'unchanged') return this.#eachOf(known, ([digest, id]) => this.#lookAtEntry(digest, id))
    const areWhole = await this.#eachOf(names, (name) => {
      const digest = parseDigest(name)
      const id = digest && known.get(digest)
      if (digest !== undefined) known.delete(digest)
      return this.#lookAt(folder, name, id)
    })
    const areThere = await this.#eachOf(known, ([digest, id]) => this.#look(digest, id))
    return areWhole && areThere
  }

  /** False when one failed, or not all were looked at. */
  async #eachOf<T>(things: Iterable<T>, look: (thing: T) => true): Promise<boolean> {
    let isWhole = true
    for (const thing of things) {
      await this.#rest()
      if (this.#isStopped) return false
      isWhole = (this.#attempt(() => look(thing)) ?? false) && isWhole
    }
    return isWhole
  }

  #namesToLookAt(folder: number): readonly string[] | 'unchanged' {
    const { layout, snapshot } = this.#options
    if (snapshot?.isComplete) return 'unchanged'
    if (snapshot !== undefined && snapshot.folderTimes[folder] === this.#folders?.read(folder)) return 'unchanged'
    return this.#folders?.has(folder) ? namesIn(layout.folder(folder)) : []
  }

  #lookAt(folder: number, name: string, knownId: RecordId | undefined): true {
    const digest = parseDigest(name)
    if (digest !== undefined && folderOf(digest) === folder) return this.#look(digest, knownId)
    const path = `${this.#options.layout.folder(folder)}/${name}`
    this.#clearAway(path, lstatSync(path, { throwIfNoEntry: false }))
    return true
  }

  /** Beside the folders of records. */
  #sweepStrangers(): void {
    const { records } = this.#options.layout
    for (const entry of readdirSync(records, { withFileTypes: true })) {
      if (entry.isDirectory() && isNameOfFolder(entry.name)) continue
      this.#attempt(() => this.#clearAway(`${records}/${entry.name}`, entry))
    }
  }

  /** What is no record goes; a folder only when it is empty, for nobody knows whose it is. */
  #clearAway(path: string, what: Pick<Stats, 'isDirectory'> | undefined): void {
    if (what?.isDirectory()) this.#attempt(() => rmdirSync(path))
    else if (what !== undefined) unlinkSync(path)
  }

  #lookAtEntry(digest: RecordDigest, id: RecordId): true {
    const entry = this.#options.index.peek(id, digest)
    if (entry === undefined || this.#options.isBusy(digest)) return true
    if (this.#mayBePurged(digest, entry)) return this.#look(digest, id)
    this.#dropIfUseless(digest, entry)
    return true
  }

  /** Not async: nobody comes between the look and what follows from it. */
  #look(digest: RecordDigest, knownId: RecordId | undefined): true {
    const { index, isBusy, layout, snapshot, onChanged } = this.#options
    if (isBusy(digest)) return true
    const path = layout.file(digest)
    const stat = lstatSync(path, { throwIfNoEntry: false })
    const entry = knownId === undefined ? undefined : index.peek(knownId, digest)
    if (stat?.isFile() !== true) {
      if (entry !== undefined) index.delete(entry.id, digest)
      onChanged(digest)
      this.#clearAway(path, stat)
      return true
    }
    const isOld = stat.mtimeMs < (snapshot?.takenAtMs ?? 0) - marginMs
    const isKnown = entry !== undefined && isOld && fileBytesOf(entry) === stat.size
    if (isKnown && !this.#mayBePurged(digest, entry)) this.#dropIfUseless(digest, entry)
    else this.#enter(digest, path, stat, entry)
    return true
  }

  #enter(digest: RecordDigest, path: string, stat: Stats, listed: DiskEntry | undefined): void {
    const { index, blockBytes, makeRoom, events, onChanged, purges } = this.#options
    onChanged(digest)
    const found = this.#read(digest, path, stat)
    if (found === undefined) {
      if (listed !== undefined) index.delete(listed.id, digest)
      unlinkSync(path)
      events.failed('disk', 'get', new Error(`${path} is no whole record of this format`))
      return
    }
    const bytes = allocatedBytes(stat.size, blockBytes)
    const known = index.peek(found.id, digest) // it may have come since the list of ids was made
    const isCleared = known === undefined && this.#cleared.timesOf(found.id, found.tags).length > 0
    if (isCleared || purges.covers(found.id, found.tags, found.requestedAt)) {
      index.delete(found.id, digest)
      unlinkSync(path)
    } else if (!this.#dropIfUseless(digest, { ...found, bytes })) {
      makeRoom(Math.max(0, bytes - (known?.bytes ?? 0)))
      if (!index.set({ ...found, bytes }, digest)) unlinkSync(path)
    }
  }

  /** Only the beginning: damage further back shows when the record is read. */
  #read(digest: RecordDigest, path: string, { size, mtimeMs }: Stats): Found | undefined {
    const fd = openSync(path, 'r')
    try {
      let beginning = this.#beginning.subarray(0, readSync(fd, this.#beginning, 0, beginningBytes, 0))
      const header = readHeader(beginning)
      if (header === undefined || fileBytesOf(header) !== size) return undefined
      const wanted = headerBytes + header.headBytes
      if (beginning.byteLength < wanted) {
        beginning = Buffer.allocUnsafe(wanted)
        readSync(fd, beginning, 0, wanted, 0)
      }
      const found = readHead(beginning, header)
      if (found === undefined || digestOf(found.id) !== digest) return undefined
      const { id, record } = found
      return { id, ...header, tags: tagsOf(record), requestedAt: requestedAt(record, mtimeMs) }
    } finally {
      closeSync(fd)
    }
  }

  /** Some purge covers it, whatever its age, which its file has to tell. */
  #mayBePurged(digest: RecordDigest, { id }: DiskEntry): boolean {
    const { index, purges } = this.#options
    return !purges.isEmpty && purges.covers(id, index.tagsOf(id, digest) ?? [], ageless)
  }

  #dropIfUseless(digest: RecordDigest, entry: DiskEntry): boolean {
    const { index, layout, clock, events, onChanged } = this.#options
    if (entry.uselessAfterS === 0 || entry.uselessAfterS * 1000 > clock.now()) return false
    index.delete(entry.id, digest)
    onChanged(digest)
    unlinkIfThere(layout.file(digest))
    events.evicted('disk', bucketOf(entry.id), 'expired')
    return true
  }

  /** One file that cannot be looked at is told of, and hides no other. */
  #attempt<T>(act: () => T): T | undefined {
    try {
      return act()
    } catch (error) {
      this.#options.events.failed('disk', 'get', error)
      return undefined
    }
  }

  async #rest(): Promise<void> {
    if (this.#stints.isUp()) await this.#stints.rest()
  }
}

/** Slices and markers of variants tell no time, and are no loss: of them the time when they were written counts. */
function requestedAt(record: CacheRecord, writtenMs: number): EpochMs {
  return record.kind === 'object' ? record.head.requestedAt : (Math.floor(writtenMs) as EpochMs)
}

function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    if (!isMissing(error)) throw error
  }
}
