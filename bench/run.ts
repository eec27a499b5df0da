/** `npm run bench`: Yatagarasu, nginx and Varnish side by side on the same origin, with the same client. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { pinThisProcess, readMachineFacts, requireTools } from './rig/machine.ts'
import { scenarioTable } from './rig/report.ts'
import {
  type BenchResult,
  benchmarksDocument,
  findNewestComplete,
  keepResult,
  rivalsOf,
  subject,
} from './rig/results.ts'
import { runScenario, type ScenarioResult } from './rig/runner.ts'
import type { Scenario } from './rig/scenario.ts'
import { type ServerKind, serverKinds } from './rig/servers.ts'
import { Session } from './rig/session.ts'
import { requireScenarios, scenarios } from './scenarios/all.ts'

const usage = `npm run bench -- [options]

  --scenario NAME[,NAME]  only these (default: all)
  --rounds N              rounds per scenario (default: 5)
  --servers NAME[,NAME]   of yatagarasu, nginx, varnish, bare (node:http alone), read-stream (default: the scenario's)
  --json FILE             write the raw result there too (it is always kept in bench/results/)
  --publish               measure nothing: make docs/benchmarks.md from the newest complete result
  --list                  the scenarios and their questions
`

const repository = join(import.meta.dirname, '..')

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      scenario: { type: 'string', default: scenarios.map(({ name }) => name).join(',') },
      rounds: { type: 'string', default: '5' },
      servers: { type: 'string' },
      json: { type: 'string' },
      publish: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return say(usage)
  if (values.list) return say(`${scenarios.map(({ name, question }) => `${name.padEnd(18)} ${question}`).join('\n')}\n`)
  if (values.publish) return publish()
  const rounds = Number(values.rounds)
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds wants a number from 1 up')
  const chosen = requireScenarios(values.scenario)
  const servers = values.servers === undefined ? undefined : requireServers(values.servers)
  const result = await bench(chosen, servers, rounds)
  say(`raw result: ${keepResult(result)}\n`)
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(result, undefined, 2)}\n`)
  const problems = result.scenarios.flatMap((scenario) => scenario.problems)
  for (const problem of problems) process.stderr.write(`FAILED ${problem}\n`)
  return problems.length === 0 ? 0 : 1
}

async function bench(
  chosen: readonly Scenario[],
  servers: readonly ServerKind[] | undefined,
  rounds: number,
): Promise<BenchResult> {
  // On Debian the daemons lie where only root's PATH looks.
  process.env['PATH'] = `${process.env['PATH']}:/usr/sbin:/sbin`
  requireTools(['taskset', 'wrk', 'nginx', 'varnishd'])
  const session = new Session()
  try {
    const machine = readMachineFacts(repository, session.cores)
    pinThisProcess(session.cores.client)
    const results: ScenarioResult[] = []
    for (const scenario of chosen) {
      const progress = (line: string) => process.stderr.write(`${line}\n`)
      const kinds = servers ?? requireServers([subject, ...rivalsOf(scenario)].join(','))
      const result = await runScenario(scenario, { session, kinds, rounds, progress })
      say(`\n${result.name}: ${result.question}\n${scenarioTable(result, subject, result.rivals)}\n\n`)
      results.push(result)
    }
    return { machine, rounds, scenarios: results }
  } finally {
    await session.close()
  }
}

function requireServers(names: string): readonly ServerKind[] {
  return names.split(',').map((name) => {
    const kind = serverKinds.find((candidate) => candidate.name === name)
    if (kind === undefined) throw new Error(`no server "${name}"; there are ${serverKinds.map((known) => known.name)}`)
    return kind
  })
}

function publish(): number {
  const result = findNewestComplete(scenarios.map(({ name }) => name))
  if (result === undefined) throw new Error('no complete result in bench/results: run "npm run bench" first')
  const path = join(repository, 'docs', 'benchmarks.md')
  writeFileSync(path, benchmarksDocument(result))
  return say(`${path}\n`)
}

function say(text: string): 0 {
  process.stdout.write(text)
  return 0
}

try {
  process.exitCode = await main()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
