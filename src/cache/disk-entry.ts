import type { RecordId } from '../base/types.ts'

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

/** An entry with the tags of the object that it belongs to. */
export interface TaggedEntry extends DiskEntry {
  readonly tags: readonly string[]
}
