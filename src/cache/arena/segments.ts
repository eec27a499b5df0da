/** The log: segments that are filled from their start, cleaned as a whole and used again. */

import { type ArenaLayout, control, figures, segmentRow as row } from './layout.ts'
import type { ThreadLocks } from './locks.ts'
import type { ArenaMemory } from './memory.ts'
import type { Pins } from './pins.ts'
import { header } from './record-header.ts'

/**
 * | state | what may happen to the segment | then |
 * | --- | --- | --- |
 * | free | somebody who appends takes it | open |
 * | open | records are appended under the append lock | sealed |
 * | sealed | records are read, replaced, removed | cleaning |
 * | cleaning | one record after the other is moved or evicted, under the clean lock | draining |
 * | draining | nothing in the index leads here; readers and writers that began before may go on | being freed |
 * | -(owner) | the owner sets its row back | free |
 */
export const state = {
  free: 0,
  openProbation: 1,
  openMain: 2,
  sealedProbation: 3,
  sealedMain: 4,
  cleaningProbation: 5,
  cleaningMain: 6,
  draining: 7,
} as const

export const probation = 0
export const main = 1
/** Of the index into the halves of the log that S3-GD tells apart. */
export type Region = typeof probation | typeof main

const mostGroups = 4
/** Segments with a tail left that are kept open, by number of groups: a small arena cannot spare many. */
const leftoverPlaces: Readonly<Record<number, number>> = { 2: 1, 3: 2, 4: 4 }
/** By number of groups, in units: the largest record of each but the last. A factor of eight in size shares a segment. */
const groupLimits: Readonly<Record<number, readonly number[]>> = {
  2: [2048],
  3: [512, 8192],
  4: [256, 2048, 16_384],
}
/** At this many records the mean of their sizes is halved in weight. */
const meanWindow = 8192

export class Segments {
  /** Free segments that only cleaning may take: what it keeps must go somewhere. */
  readonly reserve: number
  readonly #memory: ArenaMemory
  readonly #layout: ArenaLayout
  readonly #words: Int32Array
  readonly #locks: ThreadLocks
  readonly #pins: Pins
  readonly #owner: number
  readonly #limits: readonly number[]
  readonly #leftovers: number

  constructor(memory: ArenaMemory, locks: ThreadLocks, pins: Pins, owner: number) {
    this.#memory = memory
    this.#layout = memory.layout
    this.#words = memory.words
    this.#locks = locks
    this.#pins = pins
    this.#owner = owner
    this.#limits = groupLimits[memory.layout.groups] ?? []
    this.#leftovers = leftoverPlaces[memory.layout.groups] ?? 0
    this.reserve = memory.layout.segmentCount >= 96 ? 2 : 1
  }

  rowOf(segment: number): number {
    return this.#layout.segments + segment * row.words
  }

  stateOf(segment: number): number {
    return Atomics.load(this.#words, this.rowOf(segment) + row.state)
  }

  /** A record may be published only while its segment is one of these: else it has been cleaned already. */
  isInUse(segment: number): boolean {
    const now = this.stateOf(segment)
    return now >= state.openProbation && now <= state.sealedMain
  }

  /** Of one that is open, sealed or being cleaned. */
  regionOf(segment: number): Region {
    return this.stateOf(segment) % 2 === 1 ? probation : main
  }

  /** GreedyDual's L when the segment was opened. */
  inflationOf(segment: number): number {
    return this.#memory.doubles[(this.rowOf(segment) + row.inflation) / 2] as number
  }

  groupOf(units: number): number {
    let group = 0
    for (const limit of this.#limits) if (units > limit) group += 1
    return group
  }

  /**
   * A place for a record, with its header in it and a pin of this worker on its segment; 0 when there is none. `isNew`:
   * gives it the next number. `isCleaning`: may take the reserve.
   */
  append(region: Region, record: Int32Array, isNew: boolean, isCleaning: boolean): number {
    const words = this.#words
    const units = record[header.units] as number
    this.#locks.take(control.appendLock)
    const segment = this.#segmentFor(region, units, isCleaning)
    if (segment < 0) {
      this.#locks.give(control.appendLock)
      return 0
    }
    if (isNew) record[header.number] = this.#admit(units)
    const at = this.rowOf(segment)
    const used = words[at + row.used] as number
    const address = this.#memory.firstOf(segment) + used
    words.set(record, address * 4)
    this.#pins.pin(segment)
    words[at + row.records] = (words[at + row.records] as number) + 1
    Atomics.store(words, at + row.used, used + units) // from here on cleaning comes across it
    this.#locks.give(control.appendLock)
    return address
  }

  /** Draining to free, once nobody is on it: no new valid pin can appear, since nothing in the index leads there. */
  tryFree(segment: number): boolean {
    const words = this.#words
    const at = this.rowOf(segment)
    if (this.#pins.isPinned(segment)) return false
    if (Atomics.compareExchange(words, at + row.state, state.draining, -this.#owner) !== state.draining) return false
    this.#reset(at)
    return true
  }

  /** One that a dead owner was freeing. */
  finishFreeing(segment: number, owner: number): void {
    const at = this.rowOf(segment)
    if (Atomics.load(this.#words, at + row.state) === -owner) this.#reset(at)
  }

  /** Open segments that nobody would ever append to again: only while holding the append lock, after a death. */
  closeLost(): void {
    const words = this.#words
    const listed = new Set(words.subarray(control.open, control.secret))
    for (let segment = 0; segment < this.#layout.segmentCount; segment++) {
      const at = this.rowOf(segment)
      const now = Atomics.load(words, at + row.state)
      if ((now !== state.openProbation && now !== state.openMain) || listed.has(segment)) continue
      Atomics.store(words, at + row.state, words[at + row.used] === 0 ? state.free : now + 2)
    }
  }

  /** How many segments cleaning should still free. Those that wait for readers alone count as free. */
  measureShortage(): number {
    let free = 0
    for (let segment = 0; segment < this.#layout.segmentCount; segment++) {
      const now = this.stateOf(segment)
      if (now === state.free || now === state.draining) free += 1
    }
    const shortage = Math.max(0, this.reserve + 1 - free)
    Atomics.store(this.#words, control.shortage, shortage)
    return shortage
  }

  #admit(units: number): number {
    const { figures: numbers } = this.#memory
    const next = ((this.#words[control.recordNumber] as number) + 1) | 0
    this.#words[control.recordNumber] = next
    const count = (numbers[figures.admittedCount] as number) + 1
    const halved = count >= meanWindow ? 2 : 1
    numbers[figures.admittedCount] = count / halved
    numbers[figures.admittedBytes] = ((numbers[figures.admittedBytes] as number) + units * 16) / halved
    return next
  }

  /** Its group's own, else one with a tail left, else a free one, else any when cleaning must go on. */
  #segmentFor(region: Region, units: number, isCleaning: boolean): number {
    const words = this.#words
    const group = this.groupOf(units)
    const ownAt = control.open + region * mostGroups + group
    const own = words[ownAt] as number
    if (this.#hasRoom(own, region, units)) return own
    const leftovers = this.#leftoversOf(region)
    const tail = this.#firstWithRoom(leftovers, this.#leftovers, region, units)
    if (tail >= 0) return tail
    const free = this.#takeFree(region, group, isCleaning)
    if (free >= 0) {
      Atomics.store(words, ownAt, free)
      if (own >= 0) this.#retire(own, region)
      return free
    }
    return isCleaning ? this.#firstWithRoom(control.open + region * mostGroups, mostGroups, region, units) : -1
  }

  #firstWithRoom(listAt: number, places: number, region: Region, units: number): number {
    for (let at = listAt; at < listAt + places; at++) {
      const segment = this.#words[at] as number
      if (this.#hasRoom(segment, region, units)) return segment
    }
    return -1
  }

  #hasRoom(segment: number, region: Region, units: number): boolean {
    if (segment < 0 || this.stateOf(segment) !== state.openProbation + region) return false
    return this.#roomIn(segment) >= units
  }

  #roomIn(segment: number): number {
    return this.#layout.segmentUnits - (this.#words[this.rowOf(segment) + row.used] as number)
  }

  #leftoversOf(region: Region): number {
    return control.open + 2 * mostGroups + region * mostGroups
  }

  /** Its group goes on elsewhere. A tail worth having waits for records that fit; the shortest tail gives way. */
  #retire(segment: number, region: Region): void {
    const words = this.#words
    let leaving = segment
    const first = this.#leftoversOf(region)
    for (let at = first; at < first + this.#leftovers; at++) {
      const other = words[at] as number
      const isThere = other >= 0 && this.stateOf(other) === state.openProbation + region
      if (isThere && this.#roomIn(other) >= this.#roomIn(leaving)) continue
      Atomics.store(words, at, leaving)
      if (!isThere) return
      leaving = other
    }
    Atomics.store(words, this.rowOf(leaving) + row.state, state.sealedProbation + region)
  }

  #takeFree(region: Region, group: number, isCleaning: boolean): number {
    const words = this.#words
    let free = 0
    let chosen = -1
    for (let segment = 0; segment < this.#layout.segmentCount; segment++) {
      const now = this.stateOf(segment)
      if (now !== state.free && !(now === state.draining && this.tryFree(segment))) continue
      free += 1
      if (chosen < 0) chosen = segment
    }
    if (chosen < 0 || (free <= this.reserve && !isCleaning)) return -1
    const at = this.rowOf(chosen)
    const opening = ((words[control.openingNumber] as number) + 1) | 0
    words[control.openingNumber] = opening
    words[at + row.openedAs] = opening
    words[at + row.group] = group
    this.#memory.doubles[(at + row.inflation) / 2] = this.#memory.figures[figures.inflation + region] as number
    Atomics.store(words, at + row.state, state.openProbation + region)
    this.measureShortage()
    return chosen
  }

  #reset(at: number): void {
    const words = this.#words
    words.fill(0, at + row.live, at + row.isCompacted + 1)
    Atomics.store(words, at + row.used, 0)
    Atomics.store(words, at + row.state, state.free)
  }
}
