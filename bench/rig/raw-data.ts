/** Keeps what a script measured in `bench/results/FOLDER`, apart from the results that are published. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MachineFacts } from './machine.ts'

export interface RawData {
  readonly machine: MachineFacts
  readonly [name: string]: unknown
}

/** Gives the path of the new file. */
export function keepRawData(folderName: string, name: string, raw: RawData): string {
  const folder = join(import.meta.dirname, '..', 'results', folderName)
  mkdirSync(folder, { recursive: true })
  const { date, commit } = raw.machine
  const path = join(folder, `${name}-${date.slice(0, 19).replaceAll(':', '-')}-${commit}.json`)
  writeFileSync(path, `${JSON.stringify(raw)}\n`)
  return path
}
