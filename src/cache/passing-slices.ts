import type { RecordId } from '../base/types.ts'
import { objectOf } from './cache-key.ts'
import type { CacheRecord } from './record.ts'

interface PassingSlice {
  readonly record: CacheRecord
  readonly bytes: number
  readonly object: RecordId
}

interface Readers {
  count: number
  /** The object's slices that are held. */
  readonly slices: Set<RecordId>
}

/** Slices of objects too large to keep, held while somebody reads the object, oldest first. Bounded by its owner. */
export class PassingSlices {
  readonly #slices = new Map<RecordId, PassingSlice>()
  readonly #readers = new Map<RecordId, Readers>()
  #bytes = 0

  get bytes(): number {
    return this.#bytes
  }

  get oldest(): RecordId | undefined {
    return this.#slices.keys().next().value
  }

  get(id: RecordId): CacheRecord | undefined {
    return this.#slices.get(id)?.record
  }

  bytesOf(id: RecordId): number | undefined {
    return this.#slices.get(id)?.bytes
  }

  has(id: RecordId): boolean {
    return this.#slices.has(id)
  }

  keys(): Iterable<RecordId> {
    return this.#slices.keys()
  }

  /** Whether somebody reads the object that this slice is of. */
  isRead(slice: RecordId): boolean {
    return this.#readers.has(objectOf(slice))
  }

  /** Not to be called for a slice that is held already, or that nobody reads. */
  add(id: RecordId, record: CacheRecord, bytes: number): void {
    const object = objectOf(id)
    this.#slices.set(id, { record, bytes, object })
    this.#readers.get(object)?.slices.add(id)
    this.#bytes += bytes
  }

  /** The bytes that this freed; undefined when there was nothing. */
  delete(id: RecordId): number | undefined {
    const slice = this.#slices.get(id)
    if (slice === undefined) return undefined
    this.#slices.delete(id)
    this.#readers.get(slice.object)?.slices.delete(id)
    this.#bytes -= slice.bytes
    return slice.bytes
  }

  readerCame(object: RecordId): void {
    const readers = this.#readers.get(object)
    if (readers === undefined) this.#readers.set(object, { count: 1, slices: new Set() })
    else readers.count += 1
  }

  /** The slices that nobody reads any more: the caller deletes them. */
  readerLeft(object: RecordId): Iterable<RecordId> {
    const readers = this.#readers.get(object)
    if (readers === undefined) return []
    readers.count -= 1
    if (readers.count > 0) return []
    this.#readers.delete(object)
    return readers.slices
  }
}
