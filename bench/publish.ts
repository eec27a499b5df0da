/**
 * `npm run bench:publish`: measures what is published, beside nginx and Varnish, and makes docs/benchmarks.md and its
 * charts of it. Measuring takes about an hour and a half and wants a quiet machine.
 */
import { globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type PartName, partNames, plan } from './publish/parts.ts'
import { readPublished, shortcomings, writePart } from './publish/published.ts'
import { renderAll } from './publish/render.ts'
import { runBench } from './rig/bench.ts'
import { scenarioTable } from './rig/report.ts'
import { subject } from './rig/results.ts'

const usage = `npm run bench:publish -- [options]

  --part NAME[,NAME]      measure only ${partNames.join(', ')}; what was published of the others stays
  --scenario NAME[,NAME]  measure only these of their scenarios, for a trial
  --rounds N              rounds per scenario (default: 5)
  --render                measure nothing: make the page and the charts of the results that are there
`

const repository = join(import.meta.dirname, '..')

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      part: { type: 'string', default: partNames.join(',') },
      scenario: { type: 'string' },
      rounds: { type: 'string', default: '5' },
      render: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(usage)
    return 0
  }
  const rounds = Number(values.rounds)
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds wants a number from 1 up')
  const problems = values.render ? [] : await measureParts(requireParts(values.part), values.scenario, rounds)
  render()
  for (const reason of shortcomings(readPublished())) process.stderr.write(`no proof: ${reason}\n`)
  for (const problem of problems) process.stderr.write(`FAILED ${problem}\n`)
  return problems.length === 0 ? 0 : 1
}

/** All in one run, so that the machine's facts are those before anything of ours ran. Gives what failed. */
async function measureParts(parts: readonly PartName[], only: string | undefined, rounds: number): Promise<string[]> {
  const chosen = only?.split(',')
  const plans = parts.map((part) => {
    const planned = plan(part).filter(({ scenario }) => chosen?.includes(scenario.name) ?? true)
    return { part, planned }
  })
  const result = await runBench(
    plans.flatMap(({ planned }) => planned),
    rounds,
    (done) => {
      process.stdout.write(`\n${done.name}\n${scenarioTable(done, subject, done.rivals)}\n\n`)
    },
  )
  for (const { part, planned } of plans) {
    const names = planned.map(({ scenario }) => scenario.name)
    const scenarios = result.scenarios.filter(({ name }) => names.includes(name))
    if (scenarios.length > 0) writePart(part, { ...result, scenarios })
  }
  return result.scenarios.flatMap((scenario) => scenario.problems)
}

function requireParts(names: string): readonly PartName[] {
  return names.split(',').map((name) => {
    const part = partNames.find((known) => known === name)
    if (part === undefined) throw new Error(`no part "${name}"; there are ${partNames.join(', ')}`)
    return part
  })
}

function render(): void {
  const folder = join(repository, 'docs', 'benchmarks')
  mkdirSync(folder, { recursive: true })
  for (const file of globSync('*.svg', { cwd: folder })) rmSync(join(folder, file))
  for (const [path, text] of Object.entries(renderAll(readPublished()))) {
    writeFileSync(join(repository, path), text)
    process.stdout.write(`${path}\n`)
  }
}

try {
  process.exitCode = await main()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
