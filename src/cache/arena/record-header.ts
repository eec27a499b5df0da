/** What every record in the arena begins with: twelve words, then its id, its encoded head and its bytes. */

import type { Digest } from './digest.ts'
import { unitBytes } from './layout.ts'

/** Words of a header, counted from the record's first. */
export const header = {
  /** Of the whole record, padding included: where the next one of the segment begins. */
  units: 0,
  flags: 1,
  /** Five words: see `Digest`. */
  digest: 2,
  idBytes: 7,
  headBytes: 8,
  /** -1: the record has none, which is not the same as an empty one. */
  bodyBytes: 9,
  /** Ascending by age, with a turnover; a record keeps it when it is moved. */
  number: 10,
  /** How often it was found. */
  hits: 11,
  words: 12,
} as const

export const headerBytes = header.words * 4

/** The low bits of the flags are the number of the record's bucket. */
export const bucketMask = 0xffff
/** A slice of an object too large to keep: it goes when its readers do, and is never promoted. */
export const passingFlag = 0x1_0000
export const taggedFlag = 0x2_0000

export interface NewRecord {
  readonly digest: Digest
  readonly flags: number
  readonly id: Uint8Array
  readonly head: Uint8Array
  readonly body: Uint8Array | undefined
}

export function unitsOf({ id, head, body }: NewRecord): number {
  return Math.ceil((headerBytes + id.length + head.length + (body?.length ?? 0)) / unitBytes)
}

/** All of the header but the record's number. Nobody has found it yet. */
export function fillHeader(words: Int32Array, record: NewRecord, units: number): void {
  words[header.units] = units
  words[header.flags] = record.flags
  words.set(record.digest, header.digest)
  words[header.idBytes] = record.id.length
  words[header.headBytes] = record.head.length
  words[header.bodyBytes] = record.body?.length ?? -1
  words[header.hits] = 0
}

/** `later` is `earlier` or came after it, as numbers of records go. */
export function isNotBefore(later: number, earlier: number): boolean {
  return ((later - earlier) | 0) >= 0
}
