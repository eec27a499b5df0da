/** How samples are written for whoever scrapes them. */

/** Prometheus' text format 0.0.4, or OpenMetrics 1.0. */
export type Form = 'text' | 'openmetrics'

export type Labels = Readonly<Record<string, string>>

export function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')
}

/** As OpenMetrics has it and Prometheus 3 keeps it, so that a query for `le="1.0"` does not depend on who scrapes in which form. */
export function boundText(bound: number): string {
  return Number.isInteger(bound) ? `${bound}.0` : numberText(bound)
}

export function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value)
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
}
