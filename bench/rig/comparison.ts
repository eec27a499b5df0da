/** Judges two revisions of Yatagarasu that ran side by side: which differences are beyond the threshold. */
import { type MetricName, metricDefinitions } from './metrics.ts'
import type { ScenarioResult } from './runner.ts'
import { pairedRatio } from './summary.ts'

/**
 * What a change may not make worse; lower is better for all. Requests a second and latencies are shown but not judged:
 * beside other work on the machine, the same code twice differed by 29 % in requests/s and by 4 % in CPU/request.
 */
const judged: readonly MetricName[] = ['cpuMicros', 'peakRssMb', 'originCopies', 'originPerRequest']

export interface Regression {
  readonly metric: MetricName
  /** 0.08 is 8 % more. */
  readonly worseBy: number
}

/** `threshold` is the part by which the median ratio may be worse: 0.05 is 5 %. */
export function findRegressions(
  result: ScenarioResult,
  subject: string,
  base: string,
  threshold: number,
): readonly Regression[] {
  return judged.flatMap((name) => {
    const ratio = pairedRatio(result.rounds[subject] ?? [], result.rounds[base] ?? [], name)
    if (ratio === undefined) return []
    const worseBy = ratio.median - 1
    return worseBy > threshold ? [{ metric: name, worseBy }] : []
  })
}

export function describeRegression(scenario: string, { metric, worseBy }: Regression): string {
  const label = metricDefinitions.find(({ name }) => name === metric)?.label ?? metric
  return `${scenario}: ${label} is ${(worseBy * 100).toFixed(1)} % worse`
}
