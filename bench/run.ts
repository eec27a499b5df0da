/** `npm run bench`: Yatagarasu, nginx and Varnish side by side on the same origin, with the same client. */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { requireServers, runBench, usualServers } from './rig/bench.ts'
import { scenarioTable } from './rig/report.ts'
import { keepResult, subject } from './rig/results.ts'
import { requireScenarios, scenarios } from './scenarios/all.ts'

const usage = `npm run bench -- [options]

  --scenario NAME[,NAME]  only these (default: all)
  --rounds N              rounds per scenario (default: 5)
  --servers NAME[,NAME]   of yatagarasu, nginx, nginx-proxy (without its cache), varnish, bare (node:http alone), read-stream
                          (default: the scenario's)
  --json FILE             write the raw result there too (it is always kept in bench/results/)
  --list                  the scenarios and their questions
`

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      scenario: { type: 'string', default: scenarios.map(({ name }) => name).join(',') },
      rounds: { type: 'string', default: '5' },
      servers: { type: 'string' },
      json: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return say(usage)
  if (values.list) return say(`${scenarios.map(({ name, question }) => `${name.padEnd(18)} ${question}`).join('\n')}\n`)
  const rounds = Number(values.rounds)
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds wants a number from 1 up')
  const chosen = requireScenarios(values.scenario)
  const servers = values.servers === undefined ? undefined : requireServers(values.servers)
  const planned = chosen.map((scenario) => ({ scenario, kinds: servers ?? usualServers(scenario) }))
  const result = await runBench(planned, rounds, (done) =>
    say(`\n${done.name}: ${done.question}\n${scenarioTable(done, subject, done.rivals)}\n\n`),
  )
  say(`raw result: ${keepResult(result)}\n`)
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(result, undefined, 2)}\n`)
  const problems = result.scenarios.flatMap((scenario) => scenario.problems)
  for (const problem of problems) process.stderr.write(`FAILED ${problem}\n`)
  return problems.length === 0 ? 0 : 1
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
