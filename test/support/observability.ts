/** The rules and dashboards that come with the product, read. */
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parse } from 'yaml'

const root = join(import.meta.dirname, '../..')
export const folder = join(root, 'docs/observability')

export interface Rule {
  readonly alert?: string
  readonly record?: string
  readonly expr: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

export interface Panel {
  readonly id: number
  readonly title: string
  readonly datasource: { readonly uid: string }
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets: readonly { readonly refId: string; readonly expr: string; readonly legendFormat?: string }[]
}

export interface Dashboard {
  readonly uid: string
  readonly title: string
  readonly schemaVersion: number
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: string }[] }
  readonly panels: readonly Panel[]
}

export function readYaml<T>(path: string): T {
  return parse(readFileSync(join(root, path), 'utf8'), { merge: true }) as T
}

export const rules: readonly Rule[] = readYaml<{ groups: { rules: Rule[] }[] }>(
  'docs/observability/prometheus-rules.yml',
).groups.flatMap((group) => group.rules)

export const dashboards: ReadonlyMap<string, Dashboard> = new Map(
  globSync('dashboards/*.json', { cwd: folder })
    .sort()
    .map((path) => [basename(path, '.json'), JSON.parse(readFileSync(join(folder, path), 'utf8')) as Dashboard]),
)

export interface Query {
  /** Where it is written. */
  readonly at: string
  /** With Grafana's variables replaced by what they stand for when everything is chosen. */
  readonly expr: string
  readonly legend: string
}

export const queries: readonly Query[] = [
  ...rules.map(({ alert, record = alert, expr }) => ({ at: `rule ${record}`, expr, legend: '' })),
  ...[...dashboards].flatMap(([name, { panels }]) =>
    panels.flatMap(({ title, targets }) =>
      targets.map(({ expr, legendFormat = '' }) => ({
        at: `dashboard ${name}, ${title}`,
        expr: expr.replaceAll('$bucket', '.*').replaceAll('$__rate_interval', '5m'),
        legend: legendFormat,
      })),
    ),
  ),
]
