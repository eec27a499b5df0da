import { accessSync, constants, mkdirSync, readdirSync, rmSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { RecordId } from '../base/types.ts'
import { DiskIndex } from './disk-index.ts'
import { DiskLayout, folderCount } from './disk-layout.ts'
import { type DiskLock, lockFolder } from './disk-lock.ts'
import { DiskPurges } from './disk-purges.ts'
import { loadSnapshot, SnapshotWriter } from './disk-snapshot.ts'
import type { DiskTierOptions, DiskTierPorts } from './disk-tier.ts'
import { RecordsOnDisk } from './records-on-disk.ts'

/** Folders looked at before others get their turn: 3 µs each. */
const foldersAtATime = 512

/** A cache folder in the hands of this process, from the lock to its release. */
export class DiskFolder {
  readonly records: RecordsOnDisk
  readonly purges: DiskPurges
  readonly #layout: DiskLayout
  #lock: DiskLock | undefined
  #saves = 0
  #savedChanges: number

  constructor(layout: DiskLayout, lock: DiskLock, records: RecordsOnDisk, purges: DiskPurges) {
    this.#layout = layout
    this.#lock = lock
    this.records = records
    this.purges = purges
    this.#savedChanges = records.changes
  }

  /** Throws `FolderInUse` when it belongs to another process. */
  static async open(options: DiskTierOptions, ports: Required<DiskTierPorts>): Promise<DiskFolder> {
    const layout = new DiskLayout(options.folder)
    const lock = take(layout)
    try {
      const isEmpty = prepare(layout)
      const purges = await DiskPurges.open(layout, ports)
      let records: RecordsOnDisk | undefined
      const indexOptions = {
        maxBytes: options.maxBytes,
        maxMemoryBytes: options.maxIndexBytes,
        onEvict: (id: RecordId, bytes: number) => records?.evicted(id, bytes),
      }
      // Whoever empties the folder does not know of the index.
      const snapshot = isEmpty ? undefined : await loadSnapshot(layout, indexOptions)
      const index = snapshot?.index ?? new DiskIndex(indexOptions)
      const blockBytes = statfsSync(layout.root).bsize
      const { maxBytes, uselessAfter } = options
      const folder = { layout, index, snapshot, blockBytes, isEmpty, purges }
      records = new RecordsOnDisk({ maxBytes, uselessAfter, ...folder }, ports)
      index.makeRoom(0)
      if (isEmpty) await records.recovery.done
      return new DiskFolder(layout, lock, records, purges)
    } catch (error) {
      lock.release()
      throw error
    }
  }

  /** To be called now and then. Throws `FolderInUse` when the folder was removed and another process has a new one. */
  async keep(): Promise<void> {
    if (this.#lock?.isInForce !== true) {
      this.#lock?.release()
      this.#lock = undefined
      this.#lock = take(this.#layout)
      this.records.noteLoss(this.#layout.locks.join(' or '))
      this.purges.noteLoss()
    }
    await this.records.tidy()
    if (this.records.changes !== this.#savedChanges) await this.#save()
    await this.purges.tidy(this.records.isExact)
  }

  /** The records are settled first, whatever becomes of the rest; rejects with what kept the index from being saved. */
  async close(): Promise<void> {
    await this.records.settle()
    await this.purges.settle()
    try {
      const writer = await this.#save()
      if (this.records.isKnown) await writer.markComplete()
      await this.purges.tidy(this.records.isExact)
    } finally {
      this.#lock?.release()
    }
  }

  /** Without a word to the folder: another process has it now. */
  async leave(): Promise<void> {
    await this.records.settle()
    await this.purges.settle()
    this.#lock?.release()
  }

  async #save(): Promise<SnapshotWriter> {
    const { records } = this
    const { recovery, index, changes } = records
    mkdirSync(this.#layout.temporary, { recursive: true, mode: 0o700 })
    const writer = await SnapshotWriter.create(this.#layout, join(this.#layout.temporary, `index-${this.#saves++}`))
    try {
      for (let folder = 0; folder < folderCount; folder++) {
        if (folder % foldersAtATime === foldersAtATime - 1) await nextTurn()
        if (recovery.isWalked(folder) && !records.isFolderBusy(folder)) writer.noteFolder(folder)
      }
      await writer.write(index)
    } catch (error) {
      await writer.abandon()
      throw error
    }
    this.#savedChanges = changes
    return writer
  }
}

function take(layout: DiskLayout): DiskLock {
  mkdirSync(layout.records, { recursive: true, mode: 0o700 })
  accessSync(layout.root, constants.R_OK | constants.W_OK | constants.X_OK) // says more than SQLite would
  return lockFolder(layout.root, layout.locks)
}

/** True when there are no records. */
function prepare(layout: DiskLayout): boolean {
  mkdirSync(layout.temporary, { recursive: true, mode: 0o700 })
  for (const name of readdirSync(layout.temporary))
    rmSync(join(layout.temporary, name), { recursive: true, force: true })
  return readdirSync(layout.records).length === 0
}
