/** What most of the recent waits were no longer than. */

const keptSamples = 256
const leastSamples = 20
/** Sorting 256 numbers takes some 10 µs: not for each sample. */
const samplesPerLook = 16

export class LatencyQuantile {
  readonly #share: number
  /** The latest samples, each in the place of the oldest. */
  readonly #samplesMs = new Float64Array(keptSamples)
  #added = 0
  #valueMs: number | undefined

  /** `share`: of the samples, how many are to be no longer, such as 0.95. */
  constructor(share: number) {
    this.#share = share
  }

  add(ms: number): void {
    this.#samplesMs[this.#added % keptSamples] = ms
    this.#added++
    if (this.#added === leastSamples || (this.#added > leastSamples && this.#added % samplesPerLook === 0)) this.#look()
  }

  /** At most 15 samples behind. Undefined: there are too few to tell. */
  get valueMs(): number | undefined {
    return this.#valueMs
  }

  /** The nearest rank: a wait that happened. */
  #look(): void {
    const sorted = this.#samplesMs.slice(0, Math.min(this.#added, keptSamples)).sort()
    this.#valueMs = sorted[Math.ceil(this.#share * sorted.length) - 1]
  }
}
