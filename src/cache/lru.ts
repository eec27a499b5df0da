import { LRUCache } from 'lru-cache'
import type { RecordId } from '../base/types.ts'
import type { Retention, RetentionOptions } from './retention.ts'

interface Entry<V> {
  readonly value: V
  readonly bytes: number
  uses: number
}

/** Plain least-recently-used order, for those who want exactly that. */
export class LruRetention<V> implements Retention<V> {
  readonly maxEntryBytes: number
  readonly #entries: LRUCache<RecordId, Entry<V>>
  /** The cache's own list changes with each use, and cannot be read in stints. */
  readonly #ids = new Set<RecordId>()

  constructor({ maxBytes, maxEntryBytes, onEvict }: RetentionOptions) {
    this.maxEntryBytes = Math.min(maxEntryBytes, maxBytes)
    this.#entries = new LRUCache({
      maxSize: maxBytes,
      maxEntrySize: this.maxEntryBytes,
      dispose: ({ bytes }, id, reason) => {
        if (reason !== 'evict') return
        this.#ids.delete(id)
        onEvict(id, bytes)
      },
    })
  }

  get bytes(): number {
    return this.#entries.calculatedSize
  }

  get size(): number {
    return this.#entries.size
  }

  get(id: RecordId): V | undefined {
    const entry = this.#entries.get(id)
    if (entry === undefined) return undefined
    entry.uses += 1
    return entry.value
  }

  peek(id: RecordId): V | undefined {
    return this.#entries.peek(id)?.value
  }

  bytesOf(id: RecordId): number | undefined {
    return this.#entries.peek(id)?.bytes
  }

  usesOf(id: RecordId): number | undefined {
    return this.#entries.peek(id)?.uses
  }

  set(id: RecordId, value: V, bytes: number): boolean {
    this.#entries.set(id, { value, bytes, uses: this.usesOf(id) ?? 0 }, { size: bytes })
    const isKept = bytes <= this.maxEntryBytes
    if (isKept) this.#ids.add(id)
    else this.#ids.delete(id)
    return isKept
  }

  delete(id: RecordId): number | undefined {
    const bytes = this.bytesOf(id)
    if (bytes !== undefined) this.#entries.delete(id)
    this.#ids.delete(id)
    return bytes
  }

  shrinkTo(bytes: number): void {
    while (this.#entries.calculatedSize > bytes) this.#entries.pop()
  }

  /** Newer ids follow older ones, so that as many as there are now are enough. */
  *keys(): Iterable<RecordId> {
    let left = this.#ids.size
    for (const id of this.#ids) {
      if (left === 0) return
      left -= 1
      yield id
    }
  }
}
