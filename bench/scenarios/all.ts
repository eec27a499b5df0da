/** Every scenario, in the order of the report. */
import type { Scenario } from '../rig/scenario.ts'
import { coldHerd } from './cold-herd.ts'
import { coldHerdStalled } from './cold-herd-stalled.ts'
import { coldUnique } from './cold-unique.ts'
import { connections10k } from './connections-10k.ts'
import { disk4k } from './disk-4k.ts'
import { disk100k } from './disk-100k.ts'
import { hot1k } from './hot-1k.ts'
import { hot1m } from './hot-1m.ts'
import { hot100k } from './hot-100k.ts'
import { hotFull } from './hot-full.ts'
import { hotTls } from './hot-tls.ts'
import { hotToken } from './hot-token.ts'
import { largeSequential } from './large-sequential.ts'
import { notModified } from './not-modified.ts'
import { rangeSeek } from './range-seek.ts'

export const scenarios: readonly Scenario[] = [
  hot1k,
  hotFull,
  hot100k,
  hot1m,
  hotTls,
  hotToken,
  notModified,
  coldHerd,
  coldHerdStalled,
  coldUnique,
  largeSequential,
  rangeSeek,
  disk4k,
  disk100k,
  connections10k,
]

export function requireScenarios(names: string): readonly Scenario[] {
  return names.split(',').map((name) => {
    const scenario = scenarios.find((candidate) => candidate.name === name)
    if (scenario === undefined) {
      throw new Error(`no scenario "${name}"; there are ${scenarios.map((known) => known.name).join(', ')}`)
    }
    return scenario
  })
}
