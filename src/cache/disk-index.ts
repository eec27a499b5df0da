/** What the disk tier holds, and which of it goes first: S3-GD over columns, found by digest. */

import type { RecordId } from '../base/types.ts'
import { DigestTable } from './digest-table.ts'
import { DiskColumns, noText } from './disk-columns.ts'
import type { DiskEntry, TaggedEntry } from './disk-entry.ts'
import { DiskSearch } from './disk-search.ts'
import { type SectionReader, SectionWriter } from './index-snapshot.ts'
import { PartCounts } from './part-counts.ts'
import { PrefixOrder, prefixOf } from './prefix-order.ts'
import { digestOf, firstWord, type RecordDigest, secondWord } from './record-digest.ts'
import { S3GdPolicy } from './s3gd-policy.ts'
import type { Scope } from './scope.ts'
import { textOf } from './scope-marks.ts'
import { none } from './slots.ts'
import { TextArena } from './text-arena.ts'
import type { Listed, TierUsage } from './tier.ts'
import { UsageLedger } from './usage-ledger.ts'

export interface DiskIndexOptions {
  readonly maxBytes: number
  /** What it may take itself. Absent: whatever it needs. */
  readonly maxMemoryBytes?: number | undefined
  /** Told of each victim of `makeRoom`: its file is to be removed. It must not call back into the index. */
  readonly onEvict: (id: RecordId, bytes: number) => void
}

/** Below this much room capacities double; from there they grow by a fifth, so that 100 bytes a record hold throughout. */
const doublingCapacity = 2 ** 16
const initialCapacity = 2 ** 10

/** `makeRoom` frees this part of the bound to spare: 2,048 records of one block at most, some 4 ms of the event loop. */
const batchShare = 0.01
const mostBatchBytes = 2 ** 23

const mostBytes = 2 ** 32 - 1

/** Columns, table and ghosts, with what capacities are ahead of the entries. */
const bytesPerEntry = 100

export class DiskIndex {
  /** Larger entries are not kept: half of the bound, below 4 GiB. */
  readonly maxEntryBytes: number
  readonly #maxBytes: number
  readonly #maxMemoryBytes: number
  readonly #onEvict: DiskIndexOptions['onEvict']
  readonly #policy: S3GdPolicy
  readonly #columns = new DiskColumns()
  readonly #texts = new TextArena(this.#columns)
  readonly #table: DigestTable
  readonly #ledger = new UsageLedger()
  readonly #parts = new PartCounts()
  readonly #search = new DiskSearch(this.#texts, this.#parts, (id) => this.#find(id, digestOf(id)))

  constructor({ maxBytes, maxMemoryBytes = Infinity, onEvict }: DiskIndexOptions) {
    this.maxEntryBytes = Math.min(Math.floor(maxBytes / 2), mostBytes)
    this.#maxBytes = maxBytes
    this.#maxMemoryBytes = maxMemoryBytes
    this.#onEvict = onEvict
    this.#policy = new S3GdPolicy({ maxBytes, sizes: new Uint32Array(0), onEvict: (slot) => this.#drop(slot) })
    this.#table = new DigestTable(this.#policy.slots, this.#columns)
    this.#grow(initialCapacity)
  }

  /** Throws `DamagedSnapshot`. */
  static restore(from: SectionReader, options: DiskIndexOptions): DiskIndex {
    const index = new DiskIndex(options)
    index.#restore(from)
    return index
  }

  /** The sum of what the entries count for. */
  get bytes(): number {
    return this.#policy.bytes
  }

  get size(): number {
    return this.#policy.slots.count
  }

  /** A use of the entry. `digest`: of this id, for a caller that has it at hand. */
  get(id: RecordId, digest: RecordDigest = digestOf(id)): DiskEntry | undefined {
    const slot = this.#find(id, digest)
    if (slot === none) return undefined
    this.#policy.use(slot)
    return this.#entryAt(slot, id)
  }

  /** Not a use. */
  peek(id: RecordId, digest: RecordDigest = digestOf(id)): DiskEntry | undefined {
    const slot = this.#find(id, digest)
    return slot === none ? undefined : this.#entryAt(slot, id)
  }

  /**
   * Replaces what was there. Does not evict: `makeRoom` comes first. False: not kept (larger than `maxEntryBytes`, or with
   * an id or tags that are no well-formed Unicode, hold a line feed, or come to more than 64 KiB), and the older entry is
   * gone all the same.
   */
  set(entry: TaggedEntry, digest: RecordDigest = digestOf(entry.id)): boolean {
    const policy = this.#policy
    const { id, bytes } = entry
    const text = textOf(id, entry.tags)
    const old = this.#find(id, digest)
    let toMain = false
    if (old !== none) {
      toMain = policy.isInMain(old)
      this.#take(old)
    }
    if (bytes > this.maxEntryBytes || text === undefined) return false
    if (policy.slots.isFull) this.#grow(widerThan(policy.slots.capacity))
    const hash = hashOf(digest)
    if (policy.learn(hash, bytes)) toMain = true
    const slot = policy.add(hash, bytes, toMain)
    if (!this.#texts.add(slot, text)) {
      policy.remove(slot)
      return false
    }
    const columns = this.#columns
    columns.second[slot] = secondWord(digest)
    columns.headBytes[slot] = entry.headBytes
    columns.bodyBytes[slot] = entry.bodyBytes + 1
    columns.uselessAfterS[slot] = entry.uselessAfterS > mostBytes ? 0 : Math.ceil(entry.uselessAfterS)
    this.#table.add(slot)
    this.#came(id, bytes)
    return true
  }

  /** The bytes that this freed; undefined when there was nothing. */
  delete(id: RecordId, digest: RecordDigest = digestOf(id)): number | undefined {
    const slot = this.#find(id, digest)
    return slot === none ? undefined : this.#take(slot)
  }

  /** In memory, at most. */
  get memoryBytes(): number {
    return this.size * bytesPerEntry + this.#texts.mostBytes
  }

  /** When `bytes` + `extra` or the index itself pass their bound: evicts until they fit with a batch to spare, so that the next ones find room. */
  makeRoom(extra: number): void {
    const batch = Math.min(batchShare * this.#maxBytes, mostBatchBytes)
    const shrinkTo = (bytes: number) => this.#policy.shrinkTo(Math.max(0, bytes - batch))
    if (this.bytes + extra > this.#maxBytes) shrinkTo(this.#maxBytes - extra)
    while (this.memoryBytes > this.#maxMemoryBytes && this.size > 0) shrinkTo(this.bytes)
  }

  /** Exact, in total and by bucket. */
  usage(): TierUsage {
    return { ...this.#ledger.read(this.#maxBytes), memoryBytes: this.memoryBytes }
  }

  /**
   * Takes out what the scope covers, in no order; undefined from time to time, when there was nothing to tell. Between two
   * steps anything may change: what was there at first is gone in the end, what came since perhaps.
   */
  *take(scope: Scope): Generator<Omit<Listed, 'hits'> | undefined> {
    for (const slot of this.#search.covered(scope)) {
      if (slot === none) yield undefined
      else {
        const id = this.#idOf(slot)
        yield { id, bytes: this.#take(slot) }
      }
    }
  }

  /** Tells of what the scope covers, once each, as `take` does. Costs a byte per entry while it is read. */
  *list(scope: Scope): Generator<Listed | undefined> {
    const isTold = new Uint8Array(this.#policy.slots.capacity)
    for (const slot of this.#search.covered(scope)) {
      if (slot === none) yield undefined
      else if (isTold[slot] === 0) {
        isTold[slot] = 1
        yield this.#listedAt(slot, this.#idOf(slot))
      }
    }
  }

  /** Undefined when there is no such entry. */
  tagsOf(id: RecordId, digest: RecordDigest = digestOf(id)): readonly string[] | undefined {
    const slot = this.#find(id, digest)
    return slot === none ? undefined : this.#texts.readTags(slot)
  }

  /** One entry as `list` tells of it. */
  look(id: RecordId, digest: RecordDigest = digestOf(id)): Listed | undefined {
    const slot = this.#find(id, digest)
    return slot === none ? undefined : this.#listedAt(slot, id)
  }

  /**
   * For a walk over the folders: answers with the ids whose digest begins with given bits (`bits` = 12: the first three
   * hex digits as a number). Entries that came later may be left out; those that left are. The index may change between
   * two calls. Costs 4 bytes per entry while it is held.
   */
  idsByPrefix(bits: number): (prefix: number) => RecordId[] {
    const { hash } = this.#policy.slots
    const order = new PrefixOrder(bits, hash, (slot) => this.#columns.textAt[slot] !== noText)
    return (prefix) => {
      const slots = order.slots(prefix).filter((slot) => this.#isAt(slot, bits, prefix))
      return Array.from(slots, (slot) => this.#idOf(slot))
    }
  }

  /**
   * Everything, order of eviction and learned state included: chunks of at most 1 MiB to be written one after the other,
   * once. The state is that of the call, in a copy of 70 bytes per entry; the index may change while the chunks are read.
   */
  snapshot(): Iterable<Uint8Array> {
    const writer = new SectionWriter()
    this.#policy.save(writer)
    this.#columns.save(writer)
    this.#texts.save(writer)
    return writer.chunks()
  }

  #restore(from: SectionReader): void {
    const { slots } = this.#policy
    this.#policy.restore(from)
    this.#columns.restore(from, slots.capacity)
    this.#texts.restore(from)
    from.require(from.isAtEnd)
    let count = 0
    for (const [slot, address] of this.#columns.textAt.entries()) {
      if (address === noText) continue
      this.#table.add(slot)
      this.#came(this.#idOf(slot), slots.size[slot] as number)
      count += 1
    }
    from.require(count === slots.count)
  }

  #find(id: RecordId, digest: RecordDigest): number {
    return this.#table.find(hashOf(digest), secondWord(digest), (slot) => this.#texts.isAt(slot, id))
  }

  #entryAt(slot: number, id: RecordId): DiskEntry {
    const { headBytes, bodyBytes, uselessAfterS } = this.#columns
    return {
      id,
      bytes: this.#policy.slots.size[slot] as number,
      headBytes: headBytes[slot] as number,
      bodyBytes: (bodyBytes[slot] as number) - 1,
      uselessAfterS: uselessAfterS[slot] as number,
    }
  }

  #listedAt(slot: number, id: RecordId): Listed {
    const { size, uses } = this.#policy.slots
    return { id, bytes: size[slot] as number, hits: uses[slot] as number }
  }

  #idOf(slot: number): RecordId {
    return this.#texts.read(slot) as RecordId
  }

  #isAt(slot: number, bits: number, prefix: number): boolean {
    const isUsed = this.#columns.textAt[slot] !== noText
    return isUsed && prefixOf(this.#policy.slots.hash[slot] as number, bits) === prefix
  }

  #drop(slot: number): void {
    const id = this.#idOf(slot)
    this.#onEvict(id, this.#forget(slot, id))
  }

  #take(slot: number): number {
    this.#forget(slot, this.#idOf(slot))
    return this.#policy.remove(slot)
  }

  #forget(slot: number, id: RecordId): number {
    const bytes = this.#policy.slots.size[slot] as number
    this.#table.remove(slot)
    this.#texts.remove(slot)
    this.#ledger.left(id, bytes)
    this.#parts.left(id)
    return bytes
  }

  #came(id: RecordId, bytes: number): void {
    this.#ledger.came(id, bytes)
    this.#parts.came(id)
  }

  /** Half a place of each kind of ghost per entry at least, a quarter of what memory spends: .0025 at most on the traces. */
  #grow(capacity: number): void {
    this.#policy.grow(capacity, 2 ** Math.floor(Math.log2(capacity)))
    this.#columns.grow(capacity)
  }
}

function widerThan(capacity: number): number {
  return capacity < doublingCapacity ? capacity * 2 : Math.ceil(capacity * 1.2)
}

/** Names the entry among ghosts as well, where 0 is none. */
function hashOf(digest: RecordDigest): number {
  return firstWord(digest) || 1
}
