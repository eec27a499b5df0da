import type { GhostTable } from './ghost-table.ts'
import { control, figures, segmentRow as row, unitBytes } from './layout.ts'
import type { ArenaMemory } from './memory.ts'
import type { Pins } from './pins.ts'
import { main, probation, type Region, type Segments, state } from './segments.ts'

/** One request is worth as many bytes as so many mean records: see `size-classes.ts`. */
const knee = 2
/** A segment of which less than this lives is cleaned first: that costs no record. */
const emptyShare = 1 / 2

export interface Victim {
  readonly segment: number
  readonly region: Region
  /** Nothing is evicted, all that lives is moved. */
  readonly isCompacted: boolean
}

interface Candidate {
  readonly segment: number
  readonly region: Region
  readonly isPinned: boolean
  readonly priority: number
}

/** S3-GD with segments for entries: of each size group the oldest stands for all, and the one of the lowest priority goes. */
export class Victims {
  readonly #memory: ArenaMemory
  readonly #segments: Segments
  readonly #pins: Pins
  readonly #ghosts: GhostTable

  constructor(memory: ArenaMemory, segments: Segments, pins: Pins, ghosts: GhostTable) {
    this.#memory = memory
    this.#segments = segments
    this.#pins = pins
    this.#ghosts = ghosts
  }

  /** Undefined when nothing is sealed. Called by whoever holds the clean lock. */
  choose(): Victim | undefined {
    const { words, layout } = this.#memory
    let [probationUsed, entries] = [0, 0]
    const oldest = new Map<number, Candidate>()
    let emptiest: Victim | undefined
    let leastLive = emptyShare
    for (let segment = 0; segment < layout.segmentCount; segment++) {
      if (!this.#segments.isInUse(segment)) continue
      const at = this.#segments.rowOf(segment)
      const region = this.#segments.regionOf(segment)
      if (region === probation) probationUsed += words[at + row.used] as number
      const live = this.#liveShare(at)
      entries += live * (words[at + row.records] as number)
      if (this.#segments.stateOf(segment) < state.sealedProbation) continue
      const isPinned = this.#pins.isPinned(segment)
      if (live < leastLive && !isPinned) {
        leastLive = live
        emptiest = { segment, region, isCompacted: true }
      }
      this.#keepOldest(oldest, segment, region, isPinned)
    }
    words[control.entries] = Math.round(entries)
    return emptiest ?? this.#leastWorth(oldest, probationUsed > this.#ghosts.probationUnits ? probation : main)
  }

  #liveShare(at: number): number {
    const { words } = this.#memory
    return (words[at + row.live] as number) / Math.max(1, words[at + row.used] as number)
  }

  #keepOldest(oldest: Map<number, Candidate>, segment: number, region: Region, isPinned: boolean): void {
    const { words } = this.#memory
    const at = this.#segments.rowOf(segment)
    const key = ((words[at + row.group] as number) * 2 + region) * 2 + (isPinned ? 1 : 0)
    const other = oldest.get(key)
    const openedAs = words[at + row.openedAs] as number
    const otherAt = other && (words[this.#segments.rowOf(other.segment) + row.openedAs] as number)
    if (otherAt !== undefined && ((openedAs - otherAt) | 0) > 0) return
    oldest.set(key, { segment, region, isPinned, priority: this.#priorityOf(segment) })
  }

  /** Unpinned before pinned, of the region that is too large before others. */
  #leastWorth(oldest: ReadonlyMap<number, Candidate>, wanted: Region): Victim | undefined {
    const rank = ({ isPinned, region }: Candidate) => (isPinned ? 2 : 0) + (region === wanted ? 0 : 1)
    let best: Candidate | undefined
    for (const candidate of oldest.values()) {
      const isBetter =
        best === undefined ||
        rank(candidate) < rank(best) ||
        (rank(candidate) === rank(best) && candidate.priority < best.priority)
      if (isBetter) best = candidate
    }
    if (best === undefined) return undefined
    this.#memory.figures[figures.inflation + best.region] = best.priority
    return { segment: best.segment, region: best.region, isCompacted: false }
  }

  #priorityOf(segment: number): number {
    const { words, figures: numbers } = this.#memory
    const at = this.#segments.rowOf(segment)
    const meanHere = ((words[at + row.used] as number) * unitBytes) / Math.max(1, words[at + row.records] as number)
    const mean = (numbers[figures.admittedBytes] as number) / Math.max(1, numbers[figures.admittedCount] as number)
    return this.#segments.inflationOf(segment) + 1 / Math.max(1, meanHere) + 1 / (knee * Math.max(1, mean))
  }
}
