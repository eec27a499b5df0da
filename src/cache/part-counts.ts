import type { RecordId } from '../base/types.ts'
import { wholeOf } from './cache-key.ts'

/** 2 bytes each, whatever the number of records. */
const places = 2 ** 20
/** Stays, once reached. */
const mostCounted = 2 ** 16 - 1

/**
 * How many slices, queries and variants of an object are there, at most: objects share places by chance, and count together
 * then. It spares the purge of one object the search through all records.
 */
export class PartCounts {
  readonly #counts = new Uint16Array(places)

  came(id: RecordId): void {
    const whole = wholeOf(id)
    if (whole === id) return
    const place = placeOf(whole)
    const count = this.#counts[place] as number
    if (count < mostCounted) this.#counts[place] = count + 1
  }

  left(id: RecordId): void {
    const whole = wholeOf(id)
    if (whole === id) return
    const place = placeOf(whole)
    const count = this.#counts[place] as number
    if (count < mostCounted) this.#counts[place] = count - 1
  }

  /** Of the object that `id` is, or is a part of. */
  most(id: RecordId): number {
    const count = this.#counts[placeOf(wholeOf(id))] as number
    return count === mostCounted ? Number.POSITIVE_INFINITY : count
  }
}

/** FNV-1a over UTF-16 units: 50 ns for most ids. Whoever makes keys fall together makes purges of them slower, no more. */
function placeOf(whole: RecordId): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < whole.length; at++) hash = Math.imul(hash ^ whole.charCodeAt(at), 0x01000193)
  return (hash ^ (hash >>> 16)) & (places - 1)
}
