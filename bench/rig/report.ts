/** The printed form of results: one Markdown table per scenario, metrics down, servers and ratios across. */
import { type MetricDefinition, metricDefinitions } from './metrics.ts'
import type { ScenarioResult } from './runner.ts'
import { pairedRatio, type Spread, summarize } from './summary.ts'

/** Ratios are `subject / rival`, for each rival among the result's servers. */
export function scenarioTable(result: ScenarioResult, subject: string, rivals: readonly string[]): string {
  const servers = Object.keys(result.rounds)
  const compared = servers.includes(subject) ? rivals.filter((rival) => servers.includes(rival)) : []
  const summaries = servers.map((server) => summarize(result.rounds[server] ?? []))
  const heads = ['', ...servers, ...compared.map((rival) => `${subject} / ${rival}`)]
  const rows = metricDefinitions
    .filter(({ name }) => summaries.some((summary) => summary[name] !== undefined))
    .map((metric) => [
      metric.label,
      ...summaries.map((summary) => printSpread(summary[metric.name], metric.print)),
      ...compared.map((rival) => printRatio(result, subject, rival, metric)),
    ])
  return [heads, heads.map((_, index) => (index === 0 ? '---' : '---:')), ...rows].map(printRow).join('\n')
}

function printRatio(result: ScenarioResult, subject: string, rival: string, metric: MetricDefinition): string {
  if (metric.hasRatio !== true) return ''
  const ratio = pairedRatio(result.rounds[subject] ?? [], result.rounds[rival] ?? [], metric.name)
  return printSpread(ratio, (value) => value.toFixed(2))
}

function printSpread(spread: Spread | undefined, print: (value: number) => string): string {
  if (spread === undefined) return '–'
  const [median, min, max] = [print(spread.median), print(spread.min), print(spread.max)]
  return min === max ? median : `${median} (${min}–${max})`
}

function printRow(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}
