/** Ours against theirs, number by number: better, worse, or level. */
import { type MetricDefinition, type MetricName, metricDefinitions } from '../rig/metrics.ts'
import { subject } from '../rig/results.ts'
import type { ScenarioResult } from '../rig/runner.ts'
import { pairedRatio, type Spread } from '../rig/summary.ts'

export type Verdict = 'better' | 'level' | 'worse'

export interface Comparison {
  readonly metric: MetricDefinition
  /** Ours over theirs. */
  readonly ratio: Spread
  readonly verdict: Verdict
}

const judged: Readonly<Partial<Record<MetricName, 'lower' | 'higher'>>> = {
  requestsPerSecond: 'higher',
  megabytesPerSecond: 'higher',
  cpuMicros: 'lower',
  p50Ms: 'lower',
  p95Ms: 'lower',
  p99Ms: 'lower',
  peakRssMb: 'lower',
  originCopies: 'lower',
}

/** Every judged number that both sides have in every round. */
export function compareWith(result: ScenarioResult, rival: string): readonly Comparison[] {
  return metricDefinitions.flatMap((metric) => {
    const better = judged[metric.name]
    const ratio = better && pairedRatio(result.rounds[subject] ?? [], result.rounds[rival] ?? [], metric.name)
    return better && ratio ? [{ metric, ratio, verdict: judge(ratio, better) }] : []
  })
}

/** Level unless every single round says the same. */
export function judge({ min, max }: Spread, better: 'lower' | 'higher'): Verdict {
  if (min <= 1 && max >= 1) return 'level'
  return max < 1 === (better === 'lower') ? 'better' : 'worse'
}

/** As pages quote it: two digits behind the point. */
export function printRatio(ratio: number): string {
  return ratio.toFixed(2)
}
