/** The memory tier of a process with several workers: records in the arena, seen by all of them. */

import { setImmediate as turn } from 'node:timers/promises'
import type { RecordId } from '../../base/types.ts'
import { bucketOf, wholeOf } from '../cache-key.ts'
import { MemorySweep } from '../memory-sweep.ts'
import { bodyOf, type CacheRecord, type ObjectHead, tagsOf, withBody } from '../record.ts'
import { encodeHead } from '../record-codec.ts'
import { covers, type Scope } from '../scope.ts'
import type { CacheTier, Lent, Listed, Readership, Removed, TierEvents, TierUsage, Usage } from '../tier.ts'
import { Arena } from './arena.ts'
import { CopyRoom } from './copy-room.ts'
import { type Known, KnownRecords } from './known-records.ts'
import type { ArenaHandle } from './layout.ts'
import { PassingReaders } from './passing-readers.ts'
import { passingFlag, taggedFlag } from './record-header.ts'

export interface ArenaTierOptions {
  readonly arena: ArenaHandle
  /** This worker's number in it. */
  readonly worker: number
  /** The largest object that is kept; slices of larger ones stay while somebody reads the object. */
  readonly maxItemBytes: number
  /** Of the one thread that repairs what others leave: whether a worker has ended. */
  readonly isDead?: (worker: number) => boolean
}

/** Below this a copy costs less than what a loan needs. */
const leastLentBytes = 4096
/** Buckets of the index that are visited at a time, under a lock. */
const bucketsAtOnce = 32
/** A purge of one object looks at so many before others have their turn: 0.3 ms. */
const bucketsPerTurn = 512

/** Its head is stored by the codec, its id beside it as plain text, where it is found without decoding. */
const unnamed = ':' as RecordId
const given = () => undefined

export class ArenaTier implements CacheTier, Readership {
  readonly name = 'memory'
  readonly copiesPuts = true
  readonly #arena: Arena
  readonly #maxItemBytes: number
  readonly #known: KnownRecords
  readonly #passing: PassingReaders
  readonly #room = new CopyRoom()
  readonly #sweep = new MemorySweep({ ids: () => this.#ids(), tagsOf: (id) => this.#tagsOf(id) })
  #isClosed = false

  constructor({ arena, worker, maxItemBytes, isDead }: ArenaTierOptions, events: Pick<TierEvents, 'evicted'>) {
    const evicted = (bucket: number) => events.evicted(this.name, this.#arena.buckets.nameOf(bucket), 'size')
    this.#arena = new Arena(arena, worker, evicted, isDead)
    this.#maxItemBytes = maxItemBytes
    this.#known = new KnownRecords(this.#arena, arena.shape)
    this.#passing = new PassingReaders(this.#arena.memory, this.#arena.digester, worker)
  }

  async get(id: RecordId): Promise<CacheRecord | undefined> {
    this.#requireOpen()
    return this.getNow(id)
  }

  getNow(id: RecordId): CacheRecord | undefined {
    if (this.#isClosed) return undefined
    const known = this.#known.of(id)
    const address = this.#arena.use(known.digest)
    if (address === 0) return undefined
    const record = this.#copyOf(address, known)
    this.#arena.release(address)
    return record
  }

  /** Small bodies are copies, and so are those of a worker that holds many. */
  lendNow(id: RecordId): Lent | undefined {
    if (this.#isClosed) return undefined
    const known = this.#known.of(id)
    const address = this.#arena.use(known.digest)
    if (address === 0) return undefined
    if (this.#arena.bodyBytesOf(address) >= leastLentBytes && !this.#arena.pins.areMany) {
      return this.#loanOf(address, known)
    }
    const record = this.#copyOf(address, known)
    this.#arena.release(address)
    return record && { record, release: given }
  }

  async has(id: RecordId): Promise<boolean> {
    this.#requireOpen()
    return this.#look(id, () => true) ?? false
  }

  async put(id: RecordId, record: CacheRecord): Promise<void> {
    this.putNow(id, record)
  }

  putNow(id: RecordId, record: CacheRecord): void {
    this.#requireOpen()
    const { digest } = this.#known.of(id)
    const generation = this.#arena.generationOf(digest)
    const isPassing = record.kind === 'slice' && record.objectSize > this.#maxItemBytes
    const body = bodyOf(record)
    const isTooLarge = record.kind === 'object' && (body?.length ?? 0) > this.#maxItemBytes
    const bucket = this.#arena.buckets.numberOf(bucketOf(id))
    if (isTooLarge || bucket === undefined || (isPassing && !this.#passing.noteSlice(id))) {
      this.#arena.remove(digest)
      return
    }
    const flags = bucket | (isPassing ? passingFlag : 0) | (tagsOf(record).length > 0 ? taggedFlag : 0)
    this.#arena.put({ digest, flags, id: Buffer.from(id), head: encodeHead(unnamed, record), body }, generation)
  }

  async remove(id: RecordId): Promise<Removed> {
    this.#requireOpen()
    const bytes = this.#arena.remove(this.#known.of(id).digest)
    return { entries: bytes > 0 ? 1 : 0, bytes }
  }

  /** What was put since, by whichever worker, has a later number; what is being put by others is given up. */
  async clear(scope: Scope, onRemoved?: (id: RecordId) => void): Promise<Removed> {
    this.#requireOpen()
    const upTo = this.#arena.newest
    this.#arena.beginClearing()
    let [entries, removedBytes] = [0, 0]
    await this.#walk(scope, (id) => {
      const bytes = this.#arena.remove(this.#arena.digester.of(id), upTo)
      if (bytes === 0) return
      entries += 1
      removedBytes += bytes
      onRemoved?.(id)
    })
    return { entries, bytes: removedBytes }
  }

  async each(scope: Scope, visit: (listed: Listed) => void): Promise<void> {
    this.#requireOpen()
    await this.#walk(scope, (id) => {
      const listed = this.#look(id, (address) => this.#list(id, address))
      if (listed !== undefined) visit(listed)
    })
  }

  async peek(id: RecordId): Promise<{ readonly head: ObjectHead; readonly listed: Listed } | undefined> {
    this.#requireOpen()
    return this.#look(id, (address, known) => {
      const record = this.#known.bareAt(address, known)
      return record?.kind === 'object' ? { head: record.head, listed: this.#list(id, address) } : undefined
    })
  }

  /** Of all workers together. */
  usage(): TierUsage {
    const names = this.#arena.buckets.all
    const buckets = new Map<string, Usage>()
    let [items, bytes] = [0, 0]
    for (const [number, usage] of this.#arena.usage(names.length).entries()) {
      buckets.set(names[number] ?? '', usage)
      items += usage.items
      bytes += usage.bytes
    }
    return { items, bytes, maxBytes: this.#arena.layout.shape.maxBytes, buckets }
  }

  /** What keeping records has cost this worker: bytes moved, and records let go since there was nowhere to move them. */
  get cost(): { readonly movedBytes: number; readonly forced: number } {
    return this.#arena.cost
  }

  readerCame(object: RecordId): void {
    this.#passing.came(object)
  }

  readerLeft(object: RecordId): void {
    for (const id of this.#passing.left(object)) this.#arena.remove(this.#arena.digester.of(id))
  }

  async close(): Promise<void> {
    this.#isClosed = true
  }

  #loanOf(address: number, known: Known): Lent | undefined {
    const bare = this.#known.bareAt(address, known)
    let isOut = true
    const release = () => {
      if (isOut) this.#arena.release(address)
      isOut = false
    }
    if (bare !== undefined) return { record: withBody(bare, this.#arena.bodyOf(address)), release }
    release()
    return undefined
  }

  #copyOf(address: number, known: Known): CacheRecord | undefined {
    const bare = this.#known.bareAt(address, known)
    const length = this.#arena.bodyBytesOf(address)
    if (bare === undefined || length < 0) return bare
    const bytes = this.#room.take(length)
    this.#arena.copyBody(address, bytes)
    return withBody(bare, bytes)
  }

  /** Without being a use. */
  #look<T>(id: RecordId, look: (address: number, known: Known) => T): T | undefined {
    const known = this.#known.of(id)
    const address = this.#arena.find(known.digest)
    if (address === 0) return undefined
    const seen = look(address, known)
    this.#arena.release(address)
    return seen
  }

  #list(id: RecordId, address: number): Listed {
    return { id, bytes: this.#arena.bytesOf(address), hits: this.#arena.hitsOf(address) }
  }

  #tagsOf(id: RecordId): readonly string[] {
    const tags = this.#look(id, (address, known) => {
      if ((this.#arena.flagsOf(address) & taggedFlag) === 0) return undefined
      const record = this.#known.bareAt(address, known)
      return record && tagsOf(record)
    })
    return tags ?? []
  }

  async #walk(scope: Scope, act: (id: RecordId) => void): Promise<void> {
    if (scope.kind !== 'object') return this.#sweep.run(scope, act)
    const object = this.#arena.digester.objectWordOf(wholeOf(scope.id))
    const stripe = this.#arena.stripeOfObject(object)
    for (let from = 0; ; from += bucketsPerTurn) {
      if (from > 0) await turn()
      const ids = this.#idsIn(stripe, from, bucketsPerTurn, object)
      if (ids === undefined) return
      for (const id of ids) if (covers(scope, id)) act(id)
    }
  }

  *#ids(): Generator<RecordId, void> {
    for (let stripe = 0; stripe < this.#arena.layout.stripes; stripe++) {
      for (let from = 0; ; from += bucketsAtOnce) {
        const ids = this.#idsIn(stripe, from, bucketsAtOnce)
        if (ids === undefined) break
        yield* ids
      }
    }
  }

  /** Undefined: the stripe has no such buckets. `object`: only of records with this word. */
  #idsIn(stripe: number, from: number, count: number, object?: number): readonly RecordId[] | undefined {
    const ids: RecordId[] = []
    const isThere = this.#arena.visit(stripe, from, count, (address) => {
      if (object === undefined || this.#arena.objectWordAt(address) === object) ids.push(this.#arena.idOf(address))
    })
    return isThere ? ids : undefined
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new Error('the memory tier is closed')
  }
}
