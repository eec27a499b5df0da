/** What the disk tier holds, and which of it goes first: S3-GD over columns, found by digest. */

import type { RecordId } from '../base/types.ts'
import { DigestTable } from './digest-table.ts'
import { DiskColumns, noText } from './disk-columns.ts'
import { DamagedSnapshot, SectionCollector, type SectionReader, SectionWriter } from './index-snapshot.ts'
import { PrefixOrder, prefixOf } from './prefix-order.ts'
import { digestOf, type RecordDigest } from './record-digest.ts'
import { S3GdPolicy } from './s3gd-policy.ts'
import { none } from './slots.ts'
import { TextArena } from './text-arena.ts'
import type { TierUsage } from './tier.ts'
import { UsageLedger } from './usage-ledger.ts'

export interface DiskIndexOptions {
  readonly maxBytes: number
  /** Told of each victim of `makeRoom`: its file is to be removed. It must not call back into the index. */
  readonly onEvict: (id: RecordId, bytes: number) => void
}

export interface DiskEntry {
  readonly id: RecordId
  /** What it counts for: the allocated bytes of its file. An integer of at least 1. */
  readonly bytes: number
  /** Length of the MessagePack head in the file. */
  readonly headBytes: number
  /** Length of the body in the file; -1: no body. */
  readonly bodyBytes: number
  /** After this (epoch seconds, 0: never) it is of no use to anybody. */
  readonly uselessAfterS: number
}

/** Below this much room capacities double; from there they grow by a fifth, so that 100 bytes a record hold throughout. */
const doublingCapacity = 2 ** 16
const initialCapacity = 2 ** 10

/** `makeRoom` frees this part of the bound to spare: 2,048 records of one block at most, some 4 ms of the event loop. */
const batchShare = 0.01
const mostBatchBytes = 2 ** 23

const mostBytes = 2 ** 32 - 1

export class DiskIndex {
  /** Larger entries are not kept: half of the bound, below 4 GiB. */
  readonly maxEntryBytes: number
  readonly #maxBytes: number
  readonly #onEvict: DiskIndexOptions['onEvict']
  readonly #policy: S3GdPolicy
  readonly #columns = new DiskColumns()
  readonly #texts = new TextArena(this.#columns)
  readonly #table: DigestTable
  readonly #ledger = new UsageLedger()

  constructor({ maxBytes, onEvict }: DiskIndexOptions) {
    this.maxEntryBytes = Math.min(Math.floor(maxBytes / 2), mostBytes)
    this.#maxBytes = maxBytes
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
   * Replaces what was there. Does not evict: `makeRoom` comes first. False: not kept (larger than `maxEntryBytes`, or an
   * id that is no well-formed Unicode or beyond 64 KiB), and the older entry is gone all the same.
   */
  set(entry: DiskEntry, digest: RecordDigest = digestOf(entry.id)): boolean {
    const policy = this.#policy
    const { id, bytes } = entry
    const old = this.#find(id, digest)
    let toMain = false
    if (old !== none) {
      toMain = policy.isInMain(old)
      this.#take(old)
    }
    if (bytes > this.maxEntryBytes || !id.isWellFormed()) return false
    if (policy.slots.isFull) this.#grow(widerThan(policy.slots.capacity))
    const hash = firstOf(digest)
    if (policy.learn(hash, bytes)) toMain = true
    const slot = policy.add(hash, bytes, toMain)
    if (!this.#texts.add(slot, id)) {
      policy.remove(slot)
      return false
    }
    const columns = this.#columns
    columns.second[slot] = wordAt(digest, 1)
    columns.headBytes[slot] = entry.headBytes
    columns.bodyBytes[slot] = entry.bodyBytes + 1
    columns.uselessAfterS[slot] = entry.uselessAfterS > mostBytes ? 0 : Math.ceil(entry.uselessAfterS)
    this.#table.add(slot)
    this.#ledger.came(id, bytes)
    return true
  }

  /** The bytes that this freed; undefined when there was nothing. */
  delete(id: RecordId, digest: RecordDigest = digestOf(id)): number | undefined {
    const slot = this.#find(id, digest)
    return slot === none ? undefined : this.#take(slot)
  }

  /** When `bytes` + `extra` pass the bound: evicts until they fit with a batch to spare, so that the next ones find room. */
  makeRoom(extra: number): void {
    if (this.bytes + extra <= this.#maxBytes) return
    const batch = Math.min(batchShare * this.#maxBytes, mostBatchBytes)
    this.#policy.shrinkTo(Math.max(0, this.#maxBytes - extra - batch))
  }

  /** Exact, in total and by bucket. */
  usage(): TierUsage {
    return this.#ledger.read(this.#maxBytes)
  }

  /** In no order that means anything. Not to be changed while it is read. */
  *ids(bucket?: string): Generator<RecordId> {
    const prefix = Buffer.from(bucket === undefined ? '' : `${bucket}:`)
    for (const [slot, address] of this.#columns.textAt.entries()) {
      if (address !== noText && this.#texts.startsWith(slot, prefix)) yield this.#idOf(slot)
    }
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
      this.#ledger.came(this.#idOf(slot), slots.size[slot] as number)
      count += 1
    }
    from.require(count === slots.count)
  }

  #find(id: RecordId, digest: RecordDigest): number {
    return this.#table.find(firstOf(digest), wordAt(digest, 1), (slot) => this.#texts.isAt(slot, id))
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
    return bytes
  }

  /** Half a place of each kind of ghost per entry at least, a quarter of what memory spends: .0025 at most on the traces. */
  #grow(capacity: number): void {
    this.#policy.grow(capacity, 2 ** Math.floor(Math.log2(capacity)))
    this.#columns.grow(capacity)
  }
}

/** Makes an index of what `snapshot` wrote, read piece by piece. */
export class DiskIndexRestorer {
  readonly #collector: SectionCollector
  readonly #options: DiskIndexOptions

  /** `length`: of the whole file. */
  constructor(length: number, options: DiskIndexOptions) {
    this.#collector = new SectionCollector(length)
    this.#options = options
  }

  /** Takes the next piece, of any size, and copies it. False: this will come to nothing, reading on is of no use. */
  push(piece: Uint8Array): boolean {
    return this.#collector.push(piece)
  }

  /** Undefined when it was of another version, torn, or damaged. Over its bound when that is smaller now: `makeRoom(0)`. */
  finish(): DiskIndex | undefined {
    const sections = this.#collector.finish()
    if (sections === undefined) return undefined
    try {
      return DiskIndex.restore(sections, this.#options)
    } catch (error) {
      if (error instanceof DamagedSnapshot) return undefined // the checksum was right, what it covers is not
      throw error
    }
  }
}

function widerThan(capacity: number): number {
  return capacity < doublingCapacity ? capacity * 2 : Math.ceil(capacity * 1.2)
}

/** Names the entry among ghosts as well, where 0 is none. */
function firstOf(digest: RecordDigest): number {
  return wordAt(digest, 0) || 1
}

/** 32 bits of it. */
function wordAt(digest: RecordDigest, index: number): number {
  let word = 0
  for (let at = index * 8; at < index * 8 + 8; at++) {
    const code = digest.charCodeAt(at)
    word = (word << 4) | (code < 0x3a ? code - 0x30 : code - 0x57)
  }
  return word >>> 0
}
