/** A whole run: the machine made ready, then each scenario with its servers in turn. */
import { join } from 'node:path'
import { pinThisProcess, readMachineFacts, requireTools } from './machine.ts'
import { type BenchResult, rivalsOf, subject } from './results.ts'
import { runScenario, type ScenarioResult } from './runner.ts'
import type { Scenario } from './scenario.ts'
import { type ServerKind, serverKinds } from './servers.ts'
import { Session } from './session.ts'

export interface Planned {
  readonly scenario: Scenario
  readonly kinds: readonly ServerKind[]
}

const repository = join(import.meta.dirname, '..', '..')

export async function runBench(
  planned: readonly Planned[],
  rounds: number,
  onResult: (result: ScenarioResult) => void,
): Promise<BenchResult> {
  // On Debian the daemons lie where only root's PATH looks.
  process.env['PATH'] = `${process.env['PATH']}:/usr/sbin:/sbin`
  requireTools(['taskset', 'wrk', 'nginx', 'varnishd'])
  const session = new Session()
  try {
    const machine = readMachineFacts(repository, session.cores)
    pinThisProcess(session.cores.client)
    const scenarios: ScenarioResult[] = []
    for (const { scenario, kinds } of planned) {
      const progress = (line: string) => process.stderr.write(`${line}\n`)
      const result = await runScenario(scenario, { session, kinds, rounds, progress }).catch((error: unknown) =>
        withoutRounds(scenario, error),
      )
      onResult(result)
      scenarios.push(result)
    }
    return { machine, rounds, scenarios }
  } finally {
    await session.close()
  }
}

/** One that cannot run does not take the results of an hour with it. */
function withoutRounds(scenario: Scenario, error: unknown): ScenarioResult {
  const { name, question, load } = scenario
  const problems = [`${name}: ${error instanceof Error ? error.message : String(error)}`]
  return { name, question, load, rivals: rivalsOf(scenario), rounds: {}, problems }
}

export function usualServers(scenario: Scenario): readonly ServerKind[] {
  return [subject, ...rivalsOf(scenario)].map(requireServer)
}

/** By their names, with commas between. */
export function requireServers(names: string): readonly ServerKind[] {
  return names.split(',').map(requireServer)
}

function requireServer(name: string): ServerKind {
  const kind = serverKinds.find((candidate) => candidate.name === name)
  if (kind === undefined) throw new Error(`no server "${name}"; there are ${serverKinds.map((known) => known.name)}`)
  return kind
}
