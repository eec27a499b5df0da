/** Records in memory that all workers of the process share: one worker's hands on the arena. */

import type { RecordId } from '../../base/types.ts'
import type { Usage } from '../tier.ts'
import { Accounts, BucketNames } from './accounts.ts'
import { Cleaner } from './cleaner.ts'
import { type Digest, Digester, objectWord } from './digest.ts'
import { GhostTable } from './ghost-table.ts'
import { type ArenaHandle, type ArenaLayout, control, slotsPerBucket, unitBytes } from './layout.ts'
import { ThreadLocks } from './locks.ts'
import { ArenaMemory } from './memory.ts'
import { Pins } from './pins.ts'
import { Publisher } from './publisher.ts'
import { fillHeader, header, headerBytes, type NewRecord, unitsOf } from './record-header.ts'
import { repairAfter } from './repair.ts'
import { Segments, state } from './segments.ts'
import { SlotIndex } from './slot-index.ts'
import { Victims } from './victims.ts'

/** For each byte put so many are cleaned while segments are short, so that cleaning keeps ahead. */
const pace = 2
const leastCleanedUnits = 256
/** Segments freed for one record before it is given up: readers may hold them. */
const mostTries = 8

/** A record that is found stays where it is until it is released, in whatever order; nobody writes to it. */
export class Arena {
  readonly layout: ArenaLayout
  readonly buckets: BucketNames
  readonly digester: Digester
  readonly pins: Pins
  readonly cleaner: Cleaner
  readonly memory: ArenaMemory
  readonly #words: Int32Array
  readonly #locks: ThreadLocks
  readonly #segments: Segments
  readonly #index: SlotIndex
  readonly #accounts: Accounts
  readonly #publisher: Publisher
  readonly #ghosts: GhostTable
  readonly #header = new Int32Array(header.words)

  /**
   * `worker`: its number, nobody else's at the time. `evicted`: told of what this worker evicts; must not call back. `isDead`:
   * whether a worker has ended, by its number; for the one thread that repairs what others leave.
   */
  constructor(
    handle: ArenaHandle,
    worker: number,
    evicted: (bucket: number, bytes: number) => void,
    isDead: (worker: number) => boolean = () => false,
  ) {
    const memory = new ArenaMemory(handle)
    const { layout, words } = memory
    const locks = new ThreadLocks(words, worker + 1, (owner) => {
      if (isDead(owner - 1)) repairAfter(owner - 1, handle)
    })
    const pins = new Pins(words, layout, worker)
    const segments = new Segments(memory, locks, pins, worker + 1)
    const index = new SlotIndex(memory, pins)
    const accounts = new Accounts(memory, index)
    const ghosts = new GhostTable(memory)
    const tell = (bucket: number, units: number) => evicted(bucket, units * unitBytes)
    const publisher = new Publisher({ memory, locks, segments, index, accounts, evicted: tell })
    const victims = new Victims(memory, segments, pins, ghosts)
    this.layout = layout
    this.buckets = new BucketNames(memory, locks)
    this.digester = new Digester(words.subarray(control.secret, control.secret + 4))
    this.pins = pins
    this.cleaner = new Cleaner({ memory, locks, pins, segments, publisher, ghosts, victims })
    this.memory = memory
    this.#words = words
    this.#locks = locks
    this.#segments = segments
    this.#index = index
    this.#accounts = accounts
    this.#publisher = publisher
    this.#ghosts = ghosts
  }

  get cost(): { readonly movedBytes: number; readonly forced: number } {
    return { movedBytes: this.cleaner.movedUnits * unitBytes, forced: this.cleaner.forced }
  }

  /** The number given to the last record. */
  get newest(): number {
    return Atomics.load(this.#words, control.recordNumber)
  }

  /** Its address, or 0. To be released once, when it is not 0. */
  find(digest: Digest): number {
    return this.#index.find(digest)
  }

  /** The same, as a use of it. What is found while its segment fills up in probation comes in a burst, and says little. */
  use(digest: Digest): number {
    const address = this.#index.find(digest)
    if (address === 0) return 0
    Atomics.add(this.#words, address * 4 + header.hits, 1)
    if (this.#segments.stateOf(this.memory.segmentOf(address)) !== state.openProbation) {
      this.#index.use(this.#index.foundSlot)
    }
    return address
  }

  release(address: number): void {
    this.pins.unpin(this.memory.segmentOf(address))
  }

  /** Another one after every removal that may have meant this record: to be asked before what is put is fetched. */
  generationOf(digest: Digest): number {
    return this.#publisher.generationOf(digest)
  }

  /** False when it is not kept: there is none of this digest then. */
  put(record: NewRecord, generation: number): boolean {
    const { digest } = record
    const units = unitsOf(record)
    const address = units > this.layout.segmentUnits ? 0 : this.#append(record, units)
    if (address === 0) {
      this.remove(digest)
      return false
    }
    let isKept = false
    try {
      this.#fill(address, record)
      isKept = this.#publisher.publish(address, digest, generation)
    } finally {
      this.release(address)
    }
    if (this.#words[control.shortage] !== 0) this.cleaner.goOn(units * pace + leastCleanedUnits)
    return isKept
  }

  /** Its bytes; 0 when there is none, or one that came after the record numbered `upTo`. */
  remove(digest: Digest, upTo?: number): number {
    return this.#publisher.remove(digest, upTo) * unitBytes
  }

  /** What is being put anywhere is not kept. */
  beginClearing(): void {
    Atomics.add(this.#words, control.clearings, 1)
  }

  /** A view, good until the record is released. */
  digestAt(address: number): Digest {
    return this.#publisher.digestAt(address)
  }

  numberOf(address: number): number {
    return this.#words[address * 4 + header.number] as number
  }

  hitsOf(address: number): number {
    return Atomics.load(this.#words, address * 4 + header.hits) >>> 0
  }

  flagsOf(address: number): number {
    return this.#words[address * 4 + header.flags] as number
  }

  /** See `Digest`. */
  objectWordAt(address: number): number {
    return this.#words[address * 4 + header.digest + objectWord] as number
  }

  bytesOf(address: number): number {
    return (this.#words[address * 4 + header.units] as number) * unitBytes
  }

  /** -1: it has none. */
  bodyBytesOf(address: number): number {
    return this.#words[address * 4 + header.bodyBytes] as number
  }

  idOf(address: number): RecordId {
    const start = address * unitBytes + headerBytes
    return this.memory.buffer.toString('utf8', start, start + this.#idBytesOf(address)) as RecordId
  }

  /** A view, good until the record is released. */
  headOf(address: number): Uint8Array {
    const start = address * unitBytes + headerBytes + this.#idBytesOf(address)
    return this.memory.bytes.subarray(start, start + (this.#words[address * 4 + header.headBytes] as number))
  }

  /** A view, good until the record is released. */
  bodyOf(address: number): Uint8Array {
    const start = this.#bodyStart(address)
    return this.memory.bytes.subarray(start, start + this.bodyBytesOf(address))
  }

  copyBody(address: number, target: Uint8Array): void {
    const start = this.#bodyStart(address)
    this.memory.buffer.copy(target, 0, start, start + this.bodyBytesOf(address))
  }

  /** By bucket number, of the first so many buckets. */
  usage(buckets: number): readonly Usage[] {
    return this.#accounts.read(buckets)
  }

  /** `objectWord`: see `Digest`. */
  stripeOfObject(objectWord: number): number {
    return objectWord & (this.layout.stripes - 1)
  }

  /**
   * Visits the records in some buckets of a stripe, beginning with bucket number `from`: a record never changes its slot,
   * so that a walk in parts misses none that stays. No calls back from `visit`. False when the stripe has no such bucket.
   */
  visit(stripe: number, from: number, count: number, visit: (address: number) => void): boolean {
    const { first, end } = this.#index.bucketsOf(stripe)
    const wordsPerBucket = 2 * slotsPerBucket
    const start = first + from * wordsPerBucket
    if (start >= end) return false
    const lock = this.#index.lockOf(stripe)
    this.#locks.take(lock)
    for (let slot = start; slot < Math.min(end, start + count * wordsPerBucket); slot++) {
      const address = this.#words[slot] as number
      if ((slot & slotsPerBucket) !== 0 && address !== 0) visit(address)
    }
    this.#locks.give(lock)
    return true
  }

  #append(record: NewRecord, units: number): number {
    fillHeader(this.#header, record, units)
    const region = this.#ghosts.regionFor(record.digest)
    for (let tries = 0; tries < mostTries; tries++) {
      const address = this.#segments.append(region, this.#header, true, false)
      if (address !== 0) return address
      if (!this.cleaner.freeOne()) return 0
    }
    return 0
  }

  #fill(address: number, { id, head, body }: NewRecord): void {
    const start = address * unitBytes + headerBytes
    this.memory.copyIn(id, start)
    this.memory.copyIn(head, start + id.length)
    if (body !== undefined) this.memory.copyIn(body, start + id.length + head.length)
  }

  #idBytesOf(address: number): number {
    return this.#words[address * 4 + header.idBytes] as number
  }

  #bodyStart(address: number): number {
    const at = address * 4
    const before = (this.#words[at + header.idBytes] as number) + (this.#words[at + header.headBytes] as number)
    return address * unitBytes + headerBytes + before
  }
}
