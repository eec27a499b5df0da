/** What is published: three parts, each measured by itself and kept in a file of its own. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Planned, requireServers, usualServers } from '../rig/bench.ts'
import { rivalsOf } from '../rig/results.ts'
import { requireScenarios } from '../scenarios/all.ts'
import { rate1k, rates } from '../scenarios/rate-1k.ts'
import { workers1k } from '../scenarios/workers-1k.ts'

export const partNames = ['table', 'rates', 'workers'] as const
export type PartName = (typeof partNames)[number]

export interface Row {
  readonly scenario: string
  readonly title: string
  /** What CPU/request over a rival's is held to, at most. */
  readonly goals: Readonly<Record<string, number>>
}

/** The rows of the table, in its order. */
export const rows: readonly Row[] = [
  { scenario: 'hot-full', title: '1 KiB hit, everything on', goals: { nginx: 1.1, varnish: 0.85 } },
  { scenario: 'hot-1k', title: '1 KiB hit', goals: {} },
  { scenario: 'hot-100k', title: '100 KiB hit', goals: { varnish: 0.95 } },
  { scenario: 'hot-1m', title: '1 MiB hit', goals: { varnish: 0.95 } },
  { scenario: 'not-modified', title: '304', goals: { nginx: 1.2 } },
  { scenario: 'hot-tls', title: '1 KiB hit over TLS', goals: {} },
  { scenario: 'range-seek', title: '64 KiB range of a film', goals: {} },
  { scenario: 'disk-4k', title: '4 KiB hit from disk', goals: {} },
  { scenario: 'disk-100k', title: '100 KiB hit from disk', goals: {} },
  { scenario: 'cold-unique', title: '1 KiB miss', goals: { 'nginx-proxy': 1.3 } },
  { scenario: 'cold-herd', title: '200 readers of one cold 50 MiB object', goals: {} },
  { scenario: 'large-sequential', title: '20 readers of one cold 2 GiB object', goals: {} },
  { scenario: 'connections-10k', title: '10,000 open connections', goals: {} },
]

export const workerCounts = [1, 2] as const

export function plan(part: PartName): readonly Planned[] {
  if (part === 'table') {
    const scenarios = requireScenarios(rows.map(({ scenario }) => scenario).join(','))
    return scenarios.map((scenario) => ({ scenario, kinds: usualServers(scenario) }))
  }
  if (part === 'rates') return rates.map(rate1k).map((scenario) => ({ scenario, kinds: usualServers(scenario) }))
  return workerCounts.map((workers) => {
    const scenario = workers1k(workers)
    const hasWorkers = workers === 1 || knowsWorkers()
    return { scenario, kinds: hasWorkers ? usualServers(scenario) : requireServers(rivalsOf(scenario).join(',')) }
  })
}

/** What a complete part has rounds of: scenario names and, for each, its servers. */
export function wanted(part: PartName): readonly { readonly scenario: string; readonly servers: readonly string[] }[] {
  return plan(part).map(({ scenario, kinds }) => ({ scenario: scenario.name, servers: kinds.map(({ name }) => name) }))
}

/** Whether a configuration may say `server.workers`. */
function knowsWorkers(): boolean {
  const path = join(import.meta.dirname, '..', '..', 'config', 'schema.json')
  const schema = JSON.parse(readFileSync(path, 'utf8')) as {
    readonly properties: { readonly server: { readonly properties: object } }
  }
  return 'workers' in schema.properties.server.properties
}
