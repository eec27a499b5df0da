import { LRUCache } from 'lru-cache'
import type { RecordId } from '../base/types.ts'
import type { Retention, RetentionOptions } from './retention.ts'

interface Entry<V> {
  readonly value: V
  readonly bytes: number
}

/** Plain least-recently-used order, for those who want exactly that. */
export class LruRetention<V> implements Retention<V> {
  readonly maxEntryBytes: number
  readonly #entries: LRUCache<RecordId, Entry<V>>

  constructor({ maxBytes, maxEntryBytes, onEvict }: RetentionOptions) {
    this.maxEntryBytes = Math.min(maxEntryBytes, maxBytes)
    this.#entries = new LRUCache({
      maxSize: maxBytes,
      maxEntrySize: this.maxEntryBytes,
      dispose: ({ bytes }, id, reason) => {
        if (reason === 'evict') onEvict(id, bytes)
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
    return this.#entries.get(id)?.value
  }

  peek(id: RecordId): V | undefined {
    return this.#entries.peek(id)?.value
  }

  bytesOf(id: RecordId): number | undefined {
    return this.#entries.peek(id)?.bytes
  }

  set(id: RecordId, value: V, bytes: number): boolean {
    this.#entries.set(id, { value, bytes }, { size: bytes })
    return bytes <= this.maxEntryBytes
  }

  delete(id: RecordId): number | undefined {
    const bytes = this.bytesOf(id)
    if (bytes !== undefined) this.#entries.delete(id)
    return bytes
  }

  shrinkTo(bytes: number): void {
    while (this.#entries.calculatedSize > bytes) this.#entries.pop()
  }

  keys(): Iterable<RecordId> {
    return this.#entries.keys()
  }
}
