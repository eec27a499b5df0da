/** Many readers of one large cold object: what each of them waits, and how often the origin has to send each byte. */
import { readOnce } from './load.ts'
import { benchObject } from './object-content.ts'
import { loadMetrics, measure, type Sample, type Target } from './scenario.ts'
import { percentile } from './summary.ts'

export interface CrowdOptions {
  readonly size: number
  readonly readers: number
  /** The readers arrive evenly over this time. */
  readonly overMs: number
  /** How long the first reader takes no byte after its first ones; its own times are not reported. */
  readonly firstStallMs?: number
}

/** A key that nobody has read in this run: cold for every server, in every round. */
export async function runCrowd(target: Target, round: number, options: CrowdOptions): Promise<Sample> {
  const object = benchObject(options.size, round + 1)
  const { firstStallMs = 0 } = options
  const problems: string[] = []
  const totalsMs: number[] = []
  const firstBytesMs: number[] = []
  const read = async (reader: number) => {
    const stallMs = reader === 0 ? firstStallMs : 0
    try {
      const times = await readOnce(target.server.port, object, (reader * options.overMs) / options.readers, stallMs)
      if (stallMs > 0) return
      totalsMs.push(times.totalMs)
      firstBytesMs.push(times.firstByteMs)
    } catch (error) {
      problems.push(`reader ${reader}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  const [, usage] = await measure(target, () => Promise.all(Array.from({ length: options.readers }, (_, i) => read(i))))
  const bytes = (options.readers - problems.length) * options.size
  return {
    metrics: {
      ...loadMetrics({ requests: options.readers, bytes }, usage),
      megabytesPerSecond: bytes / 1e6 / usage.seconds,
      p50Ms: percentile(totalsMs, 0.5),
      p99Ms: percentile(totalsMs, 0.99),
      firstByteP50Ms: percentile(firstBytesMs, 0.5),
      firstByteP99Ms: percentile(firstBytesMs, 0.99),
      peakRssMb: usage.peakMemoryBytes / 1e6,
      originRequests: usage.originRequests,
      // Every reader got every byte, so 1.00 can only mean that the origin sent each byte once.
      originCopies: usage.originBytes / options.size,
      errors: problems.length,
    },
    problems,
  }
}
