/** docs/benchmarks.md: from the published results alone, so that the same results always give the same page. */
import { metricDefinitions } from '../rig/metrics.ts'
import { scenarioTable } from '../rig/report.ts'
import { type BenchResult, subject } from '../rig/results.ts'
import type { ScenarioResult } from '../rig/runner.ts'
import { summarize } from '../rig/summary.ts'
import { mostClientLateMs } from './charts.ts'
import { markdownTable } from './markdown-table.ts'
import { type Row, rows } from './parts.ts'
import { type Published, shortcomings } from './published.ts'
import { setUp } from './set-up.ts'
import { compareWith, printRatio, type Verdict } from './verdicts.ts'

interface Measured {
  readonly row: Row
  readonly result: ScenarioResult
}

export function drawPage(published: Published): string {
  const measured = rows.flatMap((row): Measured[] => {
    const result = published.table?.scenarios.find(({ name }) => name === row.scenario)
    return result === undefined ? [] : [{ row, result }]
  })
  return `${[
    '# Benchmarks',
    `Yatagarasu beside nginx (\`proxy_cache\`) and Varnish, on the same origin, machine and run. This page is made by
\`npm run bench:publish\` from \`bench/results/published\`; do not edit it. \`bench/README.md\` says what is measured and how.`,
    ...trialNotice(shortcomings(published)),
    '## Set-up',
    setUp(published),
    '## At a glance',
    `CPU/request is user and system time of all processes of a server. A ratio is ours over theirs, in the median of the rounds
(lowest–highest); below 1, Yatagarasu is the one that needs less. A goal is the most that the ratio may be.`,
    glance(measured),
    '## What it loses at',
    `Where Yatagarasu was the worse one in every round, the worst first. Each number is ours over theirs; for requests/s and MB/s
less than 1 is worse, for all others more than 1.`,
    verdictList(measured, 'worse'),
    '## What it wins at',
    'Where it was the better one in every round. What is in neither list differed by less than the rounds among themselves.',
    verdictList(measured, 'better'),
    ...latency(published.rates),
    ...workers(published.workers),
    '## Everything measured',
    ...measured.map(printScenario),
  ].join('\n\n')}\n`
}

/** In bold before everything else: nobody should take a number from a run that proves nothing. */
function trialNotice(reasons: readonly string[]): string[] {
  if (reasons.length === 0) return []
  return [
    `> **A trial run: these numbers prove nothing.** They show what the page will hold.\n>\n${reasons.map((reason) => `> - ${reason}`).join('\n')}`,
  ]
}

function glance(measured: readonly Measured[]): string {
  const cpu = metricDefinitions.find(({ name }) => name === 'cpuMicros')
  const print = (value: number | undefined) => (value === undefined || cpu === undefined ? '–' : cpu.print(value))
  const lines = measured.flatMap(({ row, result }) =>
    result.rivals.flatMap((rival) => {
      const ratio = compareWith(result, rival).find(({ metric }) => metric.name === 'cpuMicros')?.ratio
      if (ratio === undefined) return []
      const goal = row.goals[rival]
      const spread = `${printRatio(ratio.median)} (${printRatio(ratio.min)}–${printRatio(ratio.max)})`
      const kept = goal === undefined ? '' : `${printRatio(goal)}: ${ratio.median <= goal ? 'kept' : '**missed**'}`
      return [
        [
          `[${row.title}](#${row.scenario})`,
          rival,
          ...[subject, rival].map((server) => print(medianCpu(result, server))),
          spread,
          kept,
        ],
      ]
    }),
  )
  return markdownTable([['', 'beside', 'CPU/request, ours', 'theirs', 'ratio', 'goal'], ...lines])
}

function medianCpu(result: ScenarioResult, server: string): number | undefined {
  return summarize(result.rounds[server] ?? []).cpuMicros?.median
}

function verdictList(measured: readonly Measured[], verdict: Verdict): string {
  const lines = measured.flatMap(({ row, result }) =>
    result.rivals.flatMap((rival) => {
      const found = compareWith(result, rival).filter((comparison) => comparison.verdict === verdict)
      if (found.length === 0) return []
      // How far from 1 the worst of them is, whichever way is worse.
      const extent = Math.max(...found.map(({ ratio }) => Math.abs(Math.log(ratio.median))))
      const words = found.map(({ metric, ratio }) => `${metric.label} ${printRatio(ratio.median)}`).join(', ')
      return [{ extent, line: `- ${row.title}, beside ${rival}: ${words}` }]
    }),
  )
  if (lines.length === 0) return 'Nothing.'
  return lines
    .sort((a, b) => b.extent - a.extent)
    .map(({ line }) => line)
    .join('\n')
}

function latency(rates: BenchResult | undefined): string[] {
  if (rates === undefined) return []
  return [
    '## Latency against rate',
    '![Latency of a cached 1 KiB object against the rate of arrivals: p50, p95 and p99 of each server](benchmarks/latency.svg)',
    `Open loop: requests arrive at a fixed rate whatever the server does, and latency counts from the arrival. The marks are
medians of the rounds, the bars behind them reach from the lowest to the highest. A hollow mark: our client was itself more than ${mostClientLateMs} ms
late at the 99th percentile, so the number is partly its own.`,
    numbers(rates, 'offeredRate', ['p50Ms', 'p95Ms', 'p99Ms', 'clientLateMs']),
  ]
}

function workers(result: BenchResult | undefined): string[] {
  if (result === undefined) return []
  return [
    '## Throughput against workers',
    '![Requests per second of each server with one and two workers](benchmarks/workers.svg)',
    `Closed loop with wrk. On a machine with two cores the second worker shares its core with the client, which costs all servers
alike: the ratio counts, not the height.${absence(result)}`,
    numbers(result, 'workers', ['requestsPerSecond', 'cpuMicros']),
  ]
}

/** Said, so that a line that ends early does not pass for a mistake. */
function absence({ scenarios }: BenchResult): string {
  const without = scenarios.filter(({ rounds }) => (rounds[subject] ?? []).length === 0)
  const counts = without.map(({ rounds }) => Object.values(rounds)[0]?.[0]?.workers ?? '?')
  return counts.length === 0 ? '' : ` Yatagarasu has no result with ${counts.join(', ')} workers.`
}

/** A line for each scenario and server: what a chart shows, to be read. */
function numbers(
  { scenarios }: BenchResult,
  first: 'offeredRate' | 'workers',
  others: readonly (typeof metricDefinitions)[number]['name'][],
): string {
  const shown = [first, ...others].flatMap((name) => metricDefinitions.filter((metric) => metric.name === name))
  const lines = scenarios.flatMap(({ rounds }) =>
    Object.entries(rounds).map(([server, metrics]) => {
      const summary = summarize(metrics)
      const cells = shown.map(({ name, print }) => {
        const spread = summary[name]
        return spread === undefined ? '–' : print(spread.median)
      })
      const [x = '', ...rest] = cells
      return [x, server, ...rest]
    }),
  )
  const [head = '', ...heads] = shown.map(({ label }) => label)
  return markdownTable([[head, 'server', ...heads], ...lines])
}

function printScenario({ row, result }: Measured): string {
  return `### ${row.scenario}

${row.title}. ${result.question}

Load: ${result.load}.

${scenarioTable(result, subject, result.rivals)}`
}
