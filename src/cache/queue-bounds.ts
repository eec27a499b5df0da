/** What may wait to be written to a tier behind the fastest, and how much is written at a time. */

import type { QueueBounds } from './queue-room.ts'

export interface WriteBounds extends QueueBounds {
  /** So many records are written at a time, and no more than so many bytes unless it is one. */
  readonly writers: number
  readonly writingBytes: number
}

/**
 * Of 300 objects of 5 MiB read by 50 at a time on two cores, the disk gets 93 to 100 % of the slices, and 20 % when none may wait.
 * Past it readers go on all the same: a tier that hangs or crawls leaves each of them 2 MiB a second.
 */
export const patienceMs = 500

const mebibyte = 2 ** 20

/**
 * Of the process, for each tier but the fastest. A write goes on once each turn of the event loop, and in one turn of a busy
 * one come tens of small records: they need many writers. Large ones then wait for the thread pool, not for turns.
 */
const ofAll: WriteBounds = { maxRecords: 8192, maxBytes: 32 * mebibyte, writers: 64, writingBytes: 16 * mebibyte }
/** Of one of many threads: less would drop slices as fast as they come. */
const least: WriteBounds = { maxRecords: 256, maxBytes: 4 * mebibyte, writers: 8, writingBytes: 2 * mebibyte }

/** What is on its way to the fastest tier is bounded by whoever puts it there, see `RecordStore.isBehind`. */
export const unbounded: WriteBounds = {
  maxRecords: Infinity,
  maxBytes: Infinity,
  writers: Infinity,
  writingBytes: Infinity,
}

/** `shareOf`: a thread's part of what all of them have. */
export function writeBounds(shareOf: (total: number) => number): WriteBounds {
  return {
    maxRecords: Math.max(least.maxRecords, shareOf(ofAll.maxRecords)),
    maxBytes: Math.max(least.maxBytes, shareOf(ofAll.maxBytes)),
    writers: Math.max(least.writers, shareOf(ofAll.writers)),
    writingBytes: Math.max(least.writingBytes, shareOf(ofAll.writingBytes)),
  }
}

/** What waits and is written may take together, for one tier, on so many threads. */
export function writeBytes(threads: number): number {
  const waiting = Math.max(ofAll.maxBytes, threads * least.maxBytes)
  return waiting + Math.max(ofAll.writingBytes, threads * least.writingBytes)
}
