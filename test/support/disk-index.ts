/** Entries of a disk index, and indexes out of snapshots. */

import { crc32 } from 'node:zlib'
import type { TaggedEntry } from '../../src/cache/disk-entry.ts'
import type { DiskIndex, DiskIndexOptions } from '../../src/cache/disk-index.ts'
import { DiskIndexRestorer } from '../../src/cache/disk-index-restorer.ts'
import { idOf } from './cache-records.ts'

export function entryOf(object: string, bytes: number, bucket = 'media', tags: readonly string[] = []): TaggedEntry {
  return { id: idOf(object, bucket), bytes, headBytes: 300, bodyBytes: bytes - 1, uselessAfterS: 0, tags }
}

/** Reads it in pieces of so many bytes, cut regardless of how it was written. */
export function restore(
  snapshot: Iterable<Uint8Array>,
  options: DiskIndexOptions,
  pieceBytes = 100_003,
): DiskIndex | undefined {
  const file = Buffer.concat([...snapshot])
  const restorer = new DiskIndexRestorer(file.length, options)
  for (let at = 0; at < file.length; at += pieceBytes) restorer.push(file.subarray(at, at + pieceBytes))
  return restorer.finish()
}

/** Makes the checksum at the end of a snapshot right again. */
export function reseal(snapshot: Buffer): Buffer {
  const sealed = Buffer.from(snapshot)
  sealed.writeUInt32LE(crc32(sealed.subarray(0, -4)), sealed.length - 4)
  return sealed
}
