/** The two charts of the page: latency against the rate of arrivals, and throughput against workers. */
import type { MetricName } from '../rig/metrics.ts'
import type { BenchResult } from '../rig/results.ts'
import { type Spread, summarize } from '../rig/summary.ts'
import { type Chart, drawChart, type Point, type Series } from './chart.ts'
import type { Published } from './published.ts'
import { linearScale, logScale, stepScale } from './scale.ts'

/** Beyond this the client is part of what it measures. */
export const mostClientLateMs = 1
const percentiles = [
  ['p50', 'p50Ms'],
  ['p95', 'p95Ms'],
  ['p99', 'p99Ms'],
] as const
const count = (value: number) => value.toLocaleString('en-US')

/** File name to SVG; none for a part that was not measured. */
export function drawCharts({ rates, workers }: Published): Readonly<Record<string, string>> {
  return {
    ...(rates && { 'latency.svg': drawChart(latencyChart(rates)) }),
    ...(workers && { 'workers.svg': drawChart(workersChart(workers)) }),
  }
}

function latencyChart(rates: BenchResult): Chart {
  const panels = percentiles.map(([title, metric]) => ({ title, series: seriesOf(rates, 'offeredRate', metric) }))
  const points = panels.flatMap(({ series }) => series).flatMap((series) => series.points)
  return {
    title: 'Latency of a cached 1 KiB object against the rate of arrivals',
    description: `Median, 95th and 99th percentile at fixed rates of arrivals, one server core, for ${namesOf(panels)}. The table beside the chart has the numbers.`,
    x: { label: 'requests offered per second', scale: linearScale(points.map(({ x }) => x)), print: count },
    y: {
      label: 'latency, ms',
      scale: logScale(points.flatMap(({ low, high }) => [low, high])),
      print: (value) => value.toLocaleString('en-US', { maximumFractionDigits: 6 }),
    },
    panels,
  }
}

function workersChart(workers: BenchResult): Chart {
  const panels = [
    { title: 'requests answered, closed loop', series: seriesOf(workers, 'workers', 'requestsPerSecond') },
  ]
  const points = panels.flatMap(({ series }) => series).flatMap((series) => series.points)
  return {
    title: 'Throughput of cached 1 KiB objects against workers',
    description: `Requests per second with one and two workers, each on a core of its own, for ${namesOf(panels)}. The table beside the chart has the numbers.`,
    x: { label: 'workers', scale: stepScale(points.map(({ x }) => x)), print: count },
    y: { label: 'requests per second', scale: linearScale(points.map(({ high }) => high)), print: count },
    panels,
  }
}

function namesOf(panels: Chart['panels']): string {
  return [...new Set(panels.flatMap(({ series }) => series.map(({ name }) => name)))].join(', ')
}

/** One for each server, with a point for each scenario that has both numbers. */
function seriesOf({ scenarios }: BenchResult, across: MetricName, up: MetricName): readonly Series[] {
  const servers = [...new Set(scenarios.flatMap(({ rounds }) => Object.keys(rounds)))]
  const order = ['yatagarasu', 'nginx', 'varnish']
  return servers
    .sort((a, b) => order.indexOf(a) - order.indexOf(b))
    .map((name) => ({
      name,
      points: scenarios.flatMap(({ rounds }): Point[] => {
        const summary = summarize(rounds[name] ?? [])
        const [x, y]: (Spread | undefined)[] = [summary[across], summary[up]]
        const isDoubtful = (summary.clientLateMs?.median ?? 0) > mostClientLateMs
        return x && y ? [{ x: x.median, y: y.median, low: y.min, high: y.max, isDoubtful }] : []
      }),
    }))
}
