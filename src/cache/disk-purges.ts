/** The purges that concern the cache folder, in a file of it: what they cover may lie there still when the process ends. */

import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { EpochMs, RecordId } from '../base/types.ts'
import type { DiskLayout } from './disk-layout.ts'
import type { DiskTierPorts } from './disk-tier.ts'
import { isMissing } from './files.ts'
import type { Purge } from './purge.ts'
import { firstLine, type PurgesRead, purgeLine, readPurges, syncLine } from './purge-lines.ts'
import { PurgeMarks } from './purge-marks.ts'
import { everything, scopeKey } from './scope.ts'

/** Lines before those of no more use are left out. */
const fewLines = 10_000
/** No exchange with the origin that began before a hard purge ends later. */
const keptForMs = 24 * 60 * 60 * 1000
/** As `PurgeLog` does: with more than so many, those go that next to no download can need. 430 bytes each in memory. */
const maxPurges = 100_000
const neededForMs = 10 * 60 * 1000

const nothing: PurgesRead = { purges: [], syncedAt: undefined, lines: 0, isTorn: false }

type Ports = Pick<Required<DiskTierPorts>, 'clock' | 'events' | 'files' | 'purges'>

export class DiskPurges {
  readonly #layout: DiskLayout
  readonly #ports: Ports
  /** The newest of each scope and kind. */
  readonly #purges = new Map<string, Purge>()
  readonly #hard = new PurgeMarks()
  #syncedAt: EpochMs | undefined
  #savedSyncedAt: EpochMs | undefined
  /** In the file. */
  #lines: number
  /** When there are more, it is time to leave some out. */
  #mostLines = fewLines
  /** The file is not to be appended to. */
  #isUnsound: boolean
  #rewrites = 0
  /** To be written with the next batch. */
  #waiting: string[] = []
  #nextBatch: Promise<void> | undefined
  /** The latest batch that was begun; never rejects. */
  #batch: Promise<void> = Promise.resolve()

  constructor(layout: DiskLayout, ports: Ports, { purges, syncedAt, lines, isTorn }: PurgesRead) {
    this.#layout = layout
    this.#ports = ports
    this.#lines = lines
    this.#isUnsound = isTorn
    this.#syncedAt = syncedAt
    this.#savedSyncedAt = syncedAt
    for (const purge of purges) this.#add(purge)
    if (purges.some((purge) => this.#isOver(purge, keptForMs))) this.#mostLines = 0
  }

  /** Has told of all that the file remembers. One that does not say what was purged stands for a purge of everything. */
  static async open(layout: DiskLayout, ports: Ports): Promise<DiskPurges> {
    const text = await readIfThere(layout.purges)
    const read = text === undefined ? nothing : readPurges(text)
    const purges = new DiskPurges(layout, ports, read ?? nothing)
    if (read === undefined) purges.#distrust()
    for (const purge of purges.#purges.values()) ports.purges.remembered(purge)
    if (purges.#isUnsound) await purges.#flush().catch((error) => ports.events.failed('disk', 'put', error)) // the next one tries again
    return purges
  }

  /** Until when the purges of other proxies are among them. */
  get syncedAt(): EpochMs | undefined {
    return this.#syncedAt
  }

  /** Written down with the next `tidy`. */
  noteSynced(time: EpochMs): void {
    this.#syncedAt = time
  }

  /** Resolves when it is sure to be there after a crash. Those that come at the same time share the wait for the disk. */
  keep(purge: Purge): Promise<void> {
    if (this.#add(purge)) this.#waiting.push(purgeLine(purge))
    return this.#write()
  }

  /** Nothing that a soft purge covers is left. The file says so when it is written anew. */
  forget(purge: Purge): void {
    const key = keyOf(purge)
    if (this.#purges.get(key)?.at === purge.at) this.#purges.delete(key)
  }

  /** Somebody removed files, perhaps this one: the next `tidy` writes it anew. */
  noteLoss(): void {
    this.#isUnsound = true
  }

  /** No hard purge is in force. */
  get isEmpty(): boolean {
    return this.#hard.isEmpty
  }

  /** Whether a hard purge covers what came of an exchange that began then. */
  covers(id: RecordId, tags: readonly string[], requestedAt: EpochMs): boolean {
    return this.#hard.timesOf(id, tags).some((at) => requestedAt <= at)
  }

  /** To be called now and then. `isExact`: nothing lies on the disk but what the index believes. */
  async tidy(isExact: boolean): Promise<void> {
    if (this.#syncedAt !== this.#savedSyncedAt && this.#syncedAt !== undefined) {
      this.#waiting.push(syncLine(this.#syncedAt))
      this.#savedSyncedAt = this.#syncedAt
    }
    if (isExact && this.#lines > this.#mostLines) {
      const keptMs = this.#purges.size > maxPurges ? neededForMs : keptForMs
      for (const [key, purge] of this.#purges) if (this.#isOver(purge, keptMs)) this.#drop(key, purge)
      this.#isUnsound = true
    }
    if (this.#isUnsound || this.#waiting.length > 0) await this.#write()
  }

  /** Waits for what was begun. Never rejects. */
  async settle(): Promise<void> {
    await this.#nextBatch?.catch(() => undefined)
    await this.#batch
  }

  #distrust(): void {
    const error = new Error(`${this.#layout.purges} does not say what was purged: nothing stored until now is believed`)
    this.#ports.events.failed('disk', 'get', error)
    this.#add({ id: randomUUID(), scope: everything, at: this.#ports.clock.now(), kind: 'hard' })
    this.#isUnsound = true
  }

  /** False: there was one as new. */
  #add(purge: Purge): boolean {
    const key = keyOf(purge)
    const older = this.#purges.get(key)
    if (older !== undefined && older.at >= purge.at) return false
    this.#purges.set(key, purge)
    if (purge.kind === 'hard') this.#hard.set(purge.scope, purge.at)
    return true
  }

  /** A soft one only when somebody says so: records may be fresh for years. */
  #isOver({ kind, at }: Purge, keptMs: number): boolean {
    return kind === 'hard' && this.#ports.clock.now() - at > keptMs
  }

  #drop(key: string, { scope, at }: Purge): void {
    this.#purges.delete(key)
    this.#hard.delete(scope, at)
  }

  #write(): Promise<void> {
    this.#nextBatch ??= this.#batch.then(() => {
      const batch = this.#flush()
      this.#nextBatch = undefined
      this.#batch = batch.catch(() => undefined)
      return batch
    })
    return this.#nextBatch
  }

  async #flush(): Promise<void> {
    const lines = this.#waiting
    this.#waiting = []
    const isWhole = !this.#isUnsound
    this.#isUnsound = true // until it has worked: what failed half-way is not appended to
    if (!isWhole || !(await this.#append(lines))) await this.#rewrite()
    this.#isUnsound = false
  }

  /** False: there is no file. */
  async #append(lines: readonly string[]): Promise<boolean> {
    const { files } = this.#ports
    try {
      await this.#fill(await files.open(this.#layout.purges, 'append'), lines)
    } catch (error) {
      if (isMissing(error)) return false
      throw error
    }
    this.#lines += lines.length
    return true
  }

  /** All or nothing, as records are written, and brought to the disk by its name as well. */
  async #rewrite(): Promise<void> {
    const { files } = this.#ports
    const { root, purges, temporary } = this.#layout
    const lines = [firstLine(), ...Array.from(this.#purges.values(), purgeLine)]
    if (this.#syncedAt !== undefined) lines.push(syncLine(this.#syncedAt))
    const path = join(temporary, `purges-${this.#rewrites++}`)
    await files.makeFolder(temporary)
    try {
      await this.#fill(await files.open(path, 'write'), lines)
      await files.rename(path, purges)
    } catch (error) {
      await files.unlink(path).catch(() => undefined) // swept at the next start; what failed first is thrown
      throw error
    }
    await this.#fill(await files.open(root, 'read'), [])
    this.#lines = lines.length
    this.#mostLines = Math.max(fewLines, 2 * lines.length)
  }

  async #fill(fd: number, lines: readonly string[]): Promise<void> {
    const { files } = this.#ports
    try {
      if (lines.length > 0) await files.write(fd, [Buffer.from(lines.join(''))])
      await files.sync(fd)
    } finally {
      await files.close(fd)
    }
  }
}

function keyOf({ kind, scope }: Purge): string {
  return `${kind}\n${scopeKey(scope)}`
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error // what cannot be read may say anything
  }
}
