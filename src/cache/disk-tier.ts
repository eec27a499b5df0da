/** Records as files, which outlive the process. */

import type { Clock } from '../base/clock.ts'
import type { EpochMs, RecordId } from '../base/types.ts'
import { DiskFolder } from './disk-folder.ts'
import { FolderInUse } from './disk-lock.ts'
import { type Files, systemFiles } from './files.ts'
import type { Purge, PurgeKeeper, PurgeNews } from './purge.ts'
import type { CacheRecord } from './record.ts'
import type { RecordsOnDisk } from './records-on-disk.ts'
import type { Scope } from './scope.ts'
import type { Peeked } from './scopes-on-disk.ts'
import type { CacheTier, Lent, Listed, Removed, TierEvents, TierUsage } from './tier.ts'

export interface DiskTierOptions {
  readonly folder: string
  /** Of files with records, in blocks of the file system, those being written included. Folders and the index come on top. */
  readonly maxBytes: number
  /** Of the index, which is in memory. Absent: so many records as there are blocks. */
  readonly maxIndexBytes?: number | undefined
  /** When a record is past every use anybody may make of it; such ones are removed at the next start. Undefined: never. */
  readonly uselessAfter: (id: RecordId, record: CacheRecord) => EpochMs | undefined
}

export interface DiskTierPorts {
  readonly clock: Clock
  readonly events: Pick<TierEvents, 'evicted' | 'failed'>
  /** Told of every purge that the folder remembers, before anything in it is read. */
  readonly purges: Pick<PurgeNews, 'remembered'>
  /** Of the system, unless said. */
  readonly files?: Files
}

export interface DiskTier extends CacheTier, PurgeKeeper {
  readonly name: 'disk'
  /** Until when the folder remembers the purges of other proxies. Undefined: nobody knows. */
  syncedAt(): EpochMs | undefined
  /** Written down within half a minute. To be called when those until then have been kept. */
  noteSynced(time: EpochMs): void
  /** Nothing that this soft purge covers is left anywhere: it need not be remembered any longer. */
  forget(purge: Purge): void
  /** Resolves when everything that was in the folder at the start is known; never rejects. */
  readonly recovered: Promise<void>
}

/** What a crash may cost: the index is saved this often when it has changed, and what came since is read from the files. */
const keepEveryMs = 30_000

/** Between two attempts to use a folder that could not be used. */
const retryMs = 10_000

/**
 * Rejects with `FolderInUse` when another process uses the folder. A folder that cannot be made or written to makes a tier
 * whose every call rejects, until it can: a cache that does not work is no reason not to serve.
 */
export async function openDiskTier(options: DiskTierOptions, ports: DiskTierPorts): Promise<DiskTier> {
  const tier = new TierOnDisk(options, { files: systemFiles, ...ports })
  await tier.open()
  return tier
}

/** Nothing is lent: it may be kept. */
const given = () => {}

class TierOnDisk implements DiskTier {
  readonly name = 'disk'
  readonly #options: DiskTierOptions
  readonly #ports: Required<DiskTierPorts>
  readonly #recovered = Promise.withResolvers<void>()
  #folder: DiskFolder | undefined
  /** Why there is none. */
  #reason: unknown
  #isClosed = false
  #closing: Promise<void> | undefined
  #stopTimer: (() => void) | undefined
  /** What the timer started. */
  #task: Promise<void> = Promise.resolve()

  constructor(options: DiskTierOptions, ports: Required<DiskTierPorts>) {
    this.#options = options
    this.#ports = ports
  }

  get recovered(): Promise<void> {
    return this.#recovered.promise
  }

  async open(): Promise<void> {
    try {
      await this.#openFolder()
    } catch (error) {
      if (error instanceof FolderInUse) throw error
      this.#fail(error)
    }
  }

  async get(id: RecordId): Promise<CacheRecord | undefined> {
    return this.#records.get(id)
  }

  getNow(id: RecordId): CacheRecord | undefined {
    return this.#folder?.records.getNow(id)?.record // a closed one has no file open
  }

  lendNow(id: RecordId): Lent | undefined {
    const found = this.#folder?.records.getNow(id, true)
    return found && { record: found.record, release: found.release ?? given }
  }

  async has(id: RecordId): Promise<boolean> {
    return this.#records.has(id)
  }

  async put(id: RecordId, record: CacheRecord): Promise<void> {
    return this.#records.put(id, record)
  }

  async remove(id: RecordId): Promise<Removed> {
    return this.#records.remove(id)
  }

  async clear(scope: Scope, onRemoved?: (id: RecordId) => void): Promise<Removed> {
    return this.#records.scopes.clear(scope, onRemoved)
  }

  async each(scope: Scope, visit: (listed: Listed) => void): Promise<void> {
    return this.#records.scopes.each(scope, visit)
  }

  async peek(id: RecordId): Promise<Peeked | undefined> {
    return this.#records.scopes.peek(id)
  }

  async keep(purge: Purge): Promise<void> {
    return this.#usable.purges.keep(purge)
  }

  syncedAt(): EpochMs | undefined {
    return this.#folder?.purges.syncedAt
  }

  noteSynced(time: EpochMs): void {
    this.#folder?.purges.noteSynced(time)
  }

  forget(purge: Purge): void {
    this.#folder?.purges.forget(purge)
  }

  usage(): TierUsage {
    const empty = { items: 0, bytes: 0, maxBytes: this.#options.maxBytes, buckets: new Map() }
    return this.#folder?.records.index.usage() ?? empty
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  get #records(): RecordsOnDisk {
    return this.#usable.records
  }

  get #usable(): DiskFolder {
    if (this.#isClosed) throw new Error('the disk tier is closed')
    if (this.#folder === undefined) throw new Error('the cache folder cannot be used', { cause: this.#reason })
    return this.#folder
  }

  async #openFolder(): Promise<void> {
    this.#folder = await DiskFolder.open(this.#options, this.#ports)
    this.#stopTimer = this.#ports.clock.repeat(keepEveryMs, () => this.#run(() => this.#keep()))
    void this.#folder.records.recovery.done.then(() => this.#recovered.resolve())
  }

  async #keep(): Promise<void> {
    try {
      await this.#folder?.keep()
    } catch (error) {
      if (!(error instanceof FolderInUse)) return this.#ports.events.failed('disk', 'put', error)
      const lost = this.#folder
      this.#fail(error)
      await lost?.leave()
    }
  }

  /** Without the folder, for now. */
  #fail(error: unknown): void {
    this.#stopTimer?.()
    this.#folder = undefined
    this.#reason = error
    this.#ports.events.failed('disk', 'get', error)
    this.#stopTimer = this.#ports.clock.alarm(retryMs, () => this.#run(() => this.#retry()))
  }

  async #retry(): Promise<void> {
    try {
      await this.#openFolder()
    } catch (error) {
      this.#fail(error)
    }
  }

  /** One at a time, and none after closing. */
  #run(task: () => Promise<void>): void {
    this.#task = this.#task.then(() => (this.#isClosed ? undefined : task()))
  }

  async #close(): Promise<void> {
    this.#isClosed = true
    this.#stopTimer?.()
    await this.#task
    this.#stopTimer?.()
    try {
      await this.#folder?.close()
    } catch (error) {
      this.#ports.events.failed('disk', 'put', error) // the next start reads the files
    }
    this.#recovered.resolve()
  }
}
