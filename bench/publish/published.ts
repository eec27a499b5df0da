/** The raw results that the page is made of: one file for each part, in the repository. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BenchResult } from '../rig/results.ts'
import { type PartName, partNames, wanted } from './parts.ts'

export type Published = Readonly<Record<PartName, BenchResult | undefined>>

const folder = join(import.meta.dirname, '..', 'results', 'published')
const fewestRounds = 5
/** Of the last minute before the run: more means that others were at work too. */
const quietLoadAverage = 0.5
const keptDigits = 5

export function readPublished(): Published {
  const [table, rates, workers] = partNames.map((part) => {
    const path = join(folder, `${part}.json`)
    return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as BenchResult) : undefined
  })
  return { table, rates, workers }
}

export function writePart(part: PartName, result: BenchResult): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${part}.json`), printResult(result))
}

/** One line for each round, and no digit that means nothing. */
export function printResult(result: BenchResult): string {
  const shorten = (_: string, value: unknown) =>
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(keptDigits)) : value
  const text = JSON.stringify(result, shorten, 1)
  return `${text.replaceAll(/\{[^{}[\]]*\}/g, (flat) => flat.replaceAll(/\s*\n\s*/g, ' '))}\n`
}

/** Why these results are no proof, with the parts that each reason holds for; empty when they are one. */
export function shortcomings(published: Published): readonly string[] {
  const parts = new Map<string, PartName[]>()
  for (const part of partNames) {
    for (const reason of reasons(part, published[part])) parts.set(reason, [...(parts.get(reason) ?? []), part])
  }
  return [...parts].map(([reason, names]) => `${reason} (${names.join(', ')})`)
}

function reasons(part: PartName, result: BenchResult | undefined): string[] {
  if (result === undefined) return ['not measured']
  const { rounds, machine } = result
  const load = machine.loadAverage.toFixed(1)
  return [
    ...(rounds < fewestRounds ? [`rounds: ${rounds} instead of ${fewestRounds}`] : []),
    ...(machine.loadAverage > quietLoadAverage ? [`a load average of ${load} before the run`] : []),
    ...(machine.commit.endsWith('+changes') ? ['changes that were not committed'] : []),
    ...wanted(part).flatMap(({ scenario, servers }) => gaps(scenario, servers, result)),
  ]
}

function gaps(name: string, servers: readonly string[], { scenarios, rounds }: BenchResult): string[] {
  const found = scenarios.find((scenario) => scenario.name === name)
  if (found === undefined) return [`no ${name}`]
  const missing = servers.filter((server) => (found.rounds[server]?.length ?? 0) < rounds)
  return [
    ...(missing.length > 0 ? [`${name} without all rounds of ${missing.join(', ')}`] : []),
    ...(found.problems.length > 0 ? [`${name} with failed requests`] : []),
  ]
}
