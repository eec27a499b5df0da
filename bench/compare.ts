/** Runs the working tree beside another revision of itself, taking turns, and fails when it has become slower. */
import { parseArgs } from 'node:util'
import { checkOut } from './rig/check-out.ts'
import { describeRegression, findRegressions } from './rig/comparison.ts'
import { pinThisProcess, requireTools } from './rig/machine.ts'
import { scenarioTable } from './rig/report.ts'
import { runScenario } from './rig/runner.ts'
import { yatagarasu } from './rig/servers.ts'
import { Session } from './rig/session.ts'
import { requireScenarios } from './scenarios/all.ts'

const usage = `node bench/compare.ts --base REVISION [options]

  --base REVISION         what the working tree is compared with, such as main or HEAD~3
  --scenario NAME[,NAME]  default: hot-1k
  --rounds N              default: 7
  --threshold PART        how much worse a median ratio may be before the exit code is 1 (default: 0.05)
`

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      base: { type: 'string' },
      scenario: { type: 'string', default: 'hot-1k' },
      rounds: { type: 'string', default: '7' },
      threshold: { type: 'string', default: '0.05' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help || values.base === undefined) {
    process.stdout.write(usage)
    return values.help ? 0 : 2
  }
  const threshold = Number(values.threshold)
  const rounds = Number(values.rounds)
  if (!(threshold >= 0 && Number.isInteger(rounds) && rounds > 0)) throw new Error(usage)
  const chosen = requireScenarios(values.scenario)
  requireTools(['taskset', 'wrk'])
  const session = new Session()
  try {
    pinThisProcess(session.cores.client)
    const kinds = [yatagarasu('tree'), yatagarasu('base', checkOut(session, values.base))]
    const found: string[] = []
    for (const scenario of chosen) {
      const progress = (line: string) => process.stderr.write(`${line}\n`)
      const result = await runScenario(scenario, { session, kinds, rounds, progress })
      process.stdout.write(`\n${result.name}\n${scenarioTable(result, 'tree', ['base'])}\n\n`)
      const regressions = findRegressions(result, 'tree', 'base', threshold)
      found.push(...result.problems, ...regressions.map((regression) => describeRegression(result.name, regression)))
    }
    for (const line of found) process.stderr.write(`FAILED ${line}\n`)
    return found.length === 0 ? 0 : 1
  } finally {
    await session.close()
  }
}

try {
  process.exitCode = await main()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
