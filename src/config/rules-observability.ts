import type { Report } from './problem.ts'
import type { Settings } from './schema.ts'

const switched = ['tracing', 'request_logging', 'slow_query'] as const

export function checkObservability({ observability }: Settings, report: Report): void {
  // `enabled: false` says so; who leaves it out may well wait for what never comes.
  for (const name of switched) {
    const path = `observability.${name}`
    if (!report.isGiven(`${path}.enabled`) && report.isGiven(path))
      report.warn(path, 'has no effect without enabled: true')
  }
  const { enabled, exporter, endpoint } = observability.tracing
  if (enabled && exporter === 'none' && endpoint !== undefined)
    report.warn('observability.tracing.endpoint', 'has no effect with exporter: none')
}
