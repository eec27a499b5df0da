/** The arithmetic of a report: many rounds in, medians, spreads and ratios out. */
import { type MetricName, metricDefinitions } from './metrics.ts'
import type { Metrics } from './scenario.ts'

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

export type Summary = Readonly<Partial<Record<MetricName, Spread>>>

/** The value below which `share` of the values lie, by nearest rank; NaN for no values. Sorts a copy. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort()
  const upper = sorted[sorted.length >> 1] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[(sorted.length >> 1) - 1] ?? Number.NaN)) / 2
}

export function spread(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) }
}

/** Each metric over all rounds; one that not every round has is left out. */
export function summarize(rounds: readonly Metrics[]): Summary {
  const summary: Partial<Record<MetricName, Spread>> = {}
  for (const { name } of metricDefinitions) {
    const values = valuesOf(rounds, name)
    if (values !== undefined) summary[name] = spread(values)
  }
  return summary
}

/**
 * Ours over theirs, round by round, then the median: both halves of a round ran within seconds of each other, so what
 * else the machine did at that time cancels out. Undefined when a round lacks the metric or theirs is 0.
 */
export function pairedRatio(
  ours: readonly Metrics[],
  theirs: readonly Metrics[],
  name: MetricName,
): Spread | undefined {
  const [our, their] = [valuesOf(ours, name), valuesOf(theirs, name)]
  if (our === undefined || their === undefined || our.length !== their.length) return undefined
  const ratios = our.map((value, round) => value / (their[round] ?? Number.NaN))
  return ratios.every(Number.isFinite) ? spread(ratios) : undefined
}

function valuesOf(rounds: readonly Metrics[], name: MetricName): number[] | undefined {
  const values = rounds.map((metrics) => metrics[name]).filter((value) => value !== undefined)
  return values.length === 0 || values.length < rounds.length ? undefined : values
}
