/** Everything that is generated from the published results, by its path in the repository. */
import { drawCharts } from './charts.ts'
import { drawPage } from './page.ts'
import type { Published } from './published.ts'

export function renderAll(published: Published): Readonly<Record<string, string>> {
  const charts = Object.entries(drawCharts(published)).map(([name, svg]) => [`docs/benchmarks/${name}`, svg])
  return { 'docs/benchmarks.md': drawPage(published), ...Object.fromEntries(charts) }
}
