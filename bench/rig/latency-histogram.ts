/** Latencies of any number of requests, to 2 %: half an hour at full rate leaves some hundred numbers. */

/** Upper edge in milliseconds, and how many were at most that and above the edge before. */
export type LatencyRow = readonly [upToMs: number, count: number]

const [leastMs, growth] = [0.01, 1.02]
/** An edge that comes back from a row must find its own place again, whatever the logarithm's last digit. */
const rounding = 1e-6

export class LatencyHistogram {
  readonly #counts = new Map<number, number>()
  #count = 0

  static of(rows: readonly LatencyRow[]): LatencyHistogram {
    const histogram = new LatencyHistogram()
    histogram.merge(rows)
    return histogram
  }

  get count(): number {
    return this.#count
  }

  /** `times`: so many requests took this long. */
  add(ms: number, times = 1): void {
    const index = Math.max(0, Math.ceil(Math.log(ms / leastMs) / Math.log(growth) - rounding))
    this.#counts.set(index, (this.#counts.get(index) ?? 0) + times)
    this.#count += times
  }

  merge(rows: readonly LatencyRow[]): void {
    for (const [upToMs, count] of rows) this.add(upToMs, count)
  }

  /** What `share` of them did not exceed, rounded up to an edge; NaN when there are none. */
  percentile(share: number): number {
    let left = Math.max(1, Math.ceil(share * this.#count))
    for (const [upToMs, count] of this.rows()) {
      left -= count
      if (left <= 0) return upToMs
    }
    return Number.NaN
  }

  /** In ascending order, empty ones left out. */
  rows(): LatencyRow[] {
    return [...this.#counts].sort(([a], [b]) => a - b).map(([index, count]) => [leastMs * growth ** index, count])
  }
}
