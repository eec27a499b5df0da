import type { Digest } from './digest.ts'
import { control, figures } from './layout.ts'
import type { ArenaMemory } from './memory.ts'
import { main, probation, type Region } from './segments.ts'

/** At first, and bounds; as in `probation-share.ts`. */
const initialShare = 0.1
const leastShare = 0.05
const greatestShare = 0.5
/** A record back within this part of the entry count of evictions moves the share. */
const soonShare = 0.05

/**
 * Records that left lately, and what their return teaches: whether they belong in main, and how much of the arena should
 * be probation. A place holds one ghost; the newer one stays.
 */
export class GhostTable {
  readonly #memory: ArenaMemory
  readonly #words: Int32Array
  readonly #dataUnits: number

  constructor(memory: ArenaMemory) {
    this.#memory = memory
    this.#words = memory.words
    this.#dataUnits = memory.layout.segmentCount * memory.layout.segmentUnits
  }

  /** Of the data, in units. */
  get probationUnits(): number {
    return this.#memory.figures[figures.probationUnits] || initialShare * this.#dataUnits
  }

  /** Called by whoever holds the clean lock. */
  left(region: Region, digest: Digest): void {
    const evictions = ((this.#words[control.evictions] as number) + 1) | 0
    this.#words[control.evictions] = evictions
    const at = this.#placeOf(digest)
    this.#words[at] = tagOf(digest) | region
    this.#words[at + 1] = evictions
  }

  /** Where a record that comes now belongs. */
  regionFor(digest: Digest): Region {
    const words = this.#words
    const at = this.#placeOf(digest)
    const found = words[at] as number
    if (found === 0 || (found & ~1) !== tagOf(digest)) return probation
    words[at] = 0
    const since = ((words[control.evictions] as number) - (words[at + 1] as number)) | 0
    const entries = words[control.entries] as number
    const region = (found & 1) as Region
    if (since <= soonShare * entries) this.#adapt(region === probation ? 1 : -1, entries)
    return region === probation && since <= entries ? main : probation
  }

  /** By one mean record. */
  #adapt(direction: number, entries: number): void {
    const units = this.probationUnits + (direction * this.#dataUnits) / Math.max(1, entries)
    const bounded = Math.max(leastShare * this.#dataUnits, Math.min(greatestShare * this.#dataUnits, units))
    this.#memory.figures[figures.probationUnits] = bounded
  }

  #placeOf(digest: Digest): number {
    const { ghosts, ghostPlaces } = this.#memory.layout
    return ghosts + 2 * (((digest[2] as number) >>> 0) % ghostPlaces)
  }
}

/** Its lowest bit is for the region. */
function tagOf(digest: Digest): number {
  return (digest[3] as number) & ~1
}
