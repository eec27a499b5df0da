/** The raw results of a run, and where every run leaves them. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MachineFacts } from './machine.ts'
import type { ScenarioResult } from './runner.ts'
import type { Scenario } from './scenario.ts'

export interface BenchResult {
  readonly machine: MachineFacts
  readonly rounds: number
  readonly scenarios: readonly ScenarioResult[]
}

export const subject = 'yatagarasu'
const usualRivals = ['nginx', 'varnish'] as const

export function rivalsOf(scenario: Pick<Scenario, 'rivals'>): readonly string[] {
  return scenario.rivals ?? usualRivals
}

const folder = join(import.meta.dirname, '..', 'results')

/** Gives the path of the new file. */
export function keepResult(result: BenchResult): string {
  mkdirSync(folder, { recursive: true })
  const stamp = result.machine.date.slice(0, 19).replaceAll(':', '-')
  const path = join(folder, `${stamp}-${result.machine.commit}.json`)
  writeFileSync(path, `${JSON.stringify(result, undefined, 2)}\n`)
  return path
}
