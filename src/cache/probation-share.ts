import { Ghosts } from './ghosts.ts'
import type { SectionReader, SectionWriter } from './index-snapshot.ts'

/** At first, and bounds. .05 to .20 differ by less than .004 in the mean miss ratio; S3-FIFO's value. */
const initialShare = 0.1
const leastShare = 0.05
const greatestShare = 0.5

/** An entry back within this part of the entry count of evictions moves the share. .05 and .10 are equal; .2 lost .159 on a looping trace. */
const soonShare = 0.05

/** Uses count only once this part of probation has come in after the entry: bursts on one object say little. 0 loses .005. */
const burstShare = 0.25

/** How much of S3-GD's bytes is probation, learned from the ghosts: entries that left lately and are wanted again. */
export class ProbationShare {
  readonly #maxBytes: number
  readonly #leftProbation = new Ghosts()
  readonly #leftMain = new Ghosts()
  #bytes = 0
  #burstBytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
    this.#give(initialShare * maxBytes)
  }

  get bytes(): number {
    return this.#bytes
  }

  /** So many bytes must have come to probation after an entry before uses of it count. */
  get burstBytes(): number {
    return this.#burstBytes
  }

  leftProbation(hash: number): void {
    this.#leftProbation.put(hash)
  }

  leftMain(hash: number): void {
    this.#leftMain.put(hash)
  }

  /**
   * Takes the arrival of an entry at a cache of `entries` and `bytes`. Probation grows by a mean entry when it let this
   * one go too early, and shrinks by one when the main region did. True when it left probation not long ago: it has
   * shown its use and belongs in the main region. (Readmitting what left the main region there makes loops thrash.)
   */
  learn(hash: number, entries: number, bytes: number): boolean {
    const sinceProbation = this.#leftProbation.take(hash)
    const sinceMain = this.#leftMain.take(hash)
    const soon = soonShare * entries
    const step = (sinceProbation <= soon ? 1 : 0) - (sinceMain <= soon ? 1 : 0)
    if (step !== 0) this.#give(this.#bytes + (step * bytes) / Math.max(1, entries))
    return sinceProbation <= entries
  }

  /** So many of each kind of ghost have a place: a power of two. */
  remember(places: number): void {
    this.#leftProbation.resize(places)
    this.#leftMain.resize(places)
  }

  save(to: SectionWriter): void {
    to.numbers(this.#bytes)
    this.#leftProbation.save(to)
    this.#leftMain.save(to)
  }

  /** The share it had, within what is allowed of the bound as it is now. */
  restore(from: SectionReader): void {
    const [bytes = 0] = from.numbers(1)
    this.#give(bytes)
    this.#leftProbation.restore(from)
    this.#leftMain.restore(from)
  }

  #give(bytes: number): void {
    this.#bytes = Math.max(leastShare * this.#maxBytes, Math.min(greatestShare * this.#maxBytes, bytes))
    this.#burstBytes = burstShare * Math.min(this.#bytes, initialShare * this.#maxBytes)
  }
}
