import type { RecordId } from '../../base/types.ts'
import type { CacheRecord } from '../record.ts'
import { decodeHead } from '../record-codec.ts'
import type { Arena } from './arena.ts'
import type { Digest } from './digest.ts'
import type { ArenaShape } from './layout.ts'

/** With what is made of a head for answers, a record that is remembered takes 1 to 2 KB: an eighth of this. */
const arenaBytesEach = 16 * 1024
/** Of each of two halves, in all workers together. */
const mostInHalf = 16_384
/** In one of them. */
const leastInHalf = 4096

/** What this worker has worked out for one id: its digest, and the record as it was found last. */
export interface Known {
  readonly digest: Digest
  number: number
  /** Without its bytes. Undefined: not decoded yet. */
  bare: CacheRecord | undefined
}

/**
 * Spares records that are asked for often their digest (0.4 µs) and the decoding of their head (2 µs), and gives everybody
 * the same head as long as the record is the same. When one half is full, the half before it is forgotten.
 */
export class KnownRecords {
  readonly #arena: Arena
  readonly #inHalf: number
  #young = new Map<RecordId, Known>()
  #old = new Map<RecordId, Known>()

  constructor(arena: Arena, { maxBytes, workers }: ArenaShape) {
    this.#arena = arena
    this.#inHalf = Math.max(leastInHalf, Math.floor(Math.min(mostInHalf, maxBytes / arenaBytesEach) / workers))
  }

  of(id: RecordId): Known {
    return this.#young.get(id) ?? this.#remember(id)
  }

  /** The record at this address, where it is pinned. Undefined when it cannot be read. */
  bareAt(address: number, known: Known): CacheRecord | undefined {
    const number = this.#arena.numberOf(address)
    if (known.bare === undefined || known.number !== number) {
      known.bare = decodeHead(Buffer.from(this.#arena.headOf(address)))?.record
      known.number = number
    }
    return known.bare
  }

  #remember(id: RecordId): Known {
    const known = this.#old.get(id) ?? { digest: this.#arena.digester.of(id), number: 0, bare: undefined }
    if (this.#young.size >= this.#inHalf) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(id, known)
    return known
  }
}
