/** What the process bounds in memory, part by part. */

import { type Metrics, readAtScrape } from './metrics.ts'

export interface MemoryPart {
  readonly part: string
  /** What it takes or has reserved. */
  readonly bytes: number
  /** What it may take. Undefined: whatever it needs. */
  readonly maxBytes: number | undefined
  /** The most it has had reserved. Absent: nobody has noted that. */
  readonly peakBytes?: number
}

/** The peak of a part that notes none itself is the most that a scrape has seen. */
export function watchMemory(metrics: Metrics, read: () => readonly MemoryPart[]): void {
  const peaks = new Map<string, number>()
  // The first of the three in a scrape: it reads for all of them.
  readAtScrape(metrics.memoryBudget, () => {
    for (const { part, bytes, maxBytes, peakBytes = 0 } of read()) {
      const peak = Math.max(peaks.get(part) ?? 0, bytes, peakBytes)
      peaks.set(part, peak)
      if (maxBytes !== undefined) metrics.memoryBudget.cell(part).set(maxBytes)
      metrics.memoryUsed.cell(part).set(bytes)
      metrics.memoryPeak.cell(part).set(peak)
    }
  })
}
