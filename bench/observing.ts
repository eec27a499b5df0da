/**
 * What does it cost to be seen? Hot hits of 1 KiB, with more and more of it on, servers taking turns round by round:
 *
 * | server   | writes log lines | serves metrics | traces            | audits to a file |
 * |----------|------------------|----------------|-------------------|------------------|
 * | `unseen` | no               | no             | no                | no               |
 * | `base`   | yes              | yes            | knows no tracing  | no               |
 * | `usual`  | yes              | yes            | no                | no               |
 * | `traced` | yes              | yes            | 1 % of requests   | no               |
 * | `seen`   | yes              | yes            | 1 % of requests   | yes              |
 *
 * `base` is another revision, where one is given. Exits 1 when a ratio of CPU per request is above its bound.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { checkOut } from './rig/check-out.ts'
import { pinThisProcess, requireTools } from './rig/machine.ts'
import { scenarioTable } from './rig/report.ts'
import { runScenario, type ScenarioResult } from './rig/runner.ts'
import { type ServerKind, yatagarasu } from './rig/servers.ts'
import { Session } from './rig/session.ts'
import { pairedRatio } from './rig/summary.ts'
import { hot1k } from './scenarios/hot-1k.ts'

const { values } = parseArgs({
  options: { base: { type: 'string' }, rounds: { type: 'string', default: '9' } },
})

const bounds = [
  { of: 'usual', to: 'base', most: 1.05 },
  { of: 'traced', to: 'base', most: 1.05 },
  { of: 'seen', to: 'unseen', most: 1.3 },
] as const

/** Takes what is sent to it, and forgets it. */
async function startCollector(): Promise<{ readonly endpoint: string; close(): void }> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.setHeader('Content-Type', 'application/json').end('{}'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => void server.close().closeAllConnections(),
  }
}

/** `more`: whole sections. `less`: what of the usual config is replaced. */
function kindOf(
  session: Session,
  name: string,
  { more = '', less = [] }: { readonly more?: string; readonly less?: readonly (readonly [string, string])[] },
): ServerKind {
  let text = readFileSync(join(import.meta.dirname, 'rig', 'yatagarasu.yaml'), 'utf8')
  for (const [from, to] of less) {
    if (!text.includes(from)) throw new Error(`yatagarasu.yaml has no ${JSON.stringify(from)}`)
    text = text.replace(from, to)
  }
  const template = join(session.folder, `${name}.yaml`)
  writeFileSync(template, `${text}\n${more}`)
  return yatagarasu(name, undefined, template)
}

function verdicts(result: ScenarioResult): boolean {
  let isKept = true
  for (const { of, to, most } of bounds) {
    const ratio = pairedRatio(result.rounds[of] ?? [], result.rounds[to] ?? [], 'cpuMicros')
    if (ratio === undefined) continue
    const isGood = ratio.median <= most
    isKept &&= isGood
    const spread = `${ratio.min.toFixed(2)}-${ratio.max.toFixed(2)}`
    console.log(`${isGood ? 'PASS' : 'FAIL'} ${of} / ${to}: ${ratio.median.toFixed(3)} (${spread}), at most ${most}`)
  }
  return isKept
}

requireTools(['taskset', 'wrk'])
const session = new Session()
const collector = await startCollector()
try {
  pinThisProcess(session.cores.client)
  const quiet = [
    ['metrics:\n  enabled: true', 'metrics:\n  enabled: false'],
    ['level: info', 'level: error'],
  ] as const
  const tracing = `observability:\n  tracing: { enabled: true, endpoint: "${collector.endpoint}", sampling_ratio: 0.01 }\n`
  const audit = `audit_log: { enabled: true, outputs: [file], file: { path: "\${AUDIT_FILE}" } }\n`
  const kinds = [
    kindOf(session, 'unseen', { less: quiet }),
    ...(values.base === undefined ? [] : [yatagarasu('base', checkOut(session, values.base))]),
    kindOf(session, 'usual', {}),
    kindOf(session, 'traced', { more: tracing }),
    kindOf(session, 'seen', { more: tracing + audit }),
  ]
  const progress = (line: string) => process.stderr.write(`${line}\n`)
  const result = await runScenario(hot1k, { session, kinds, rounds: Number(values.rounds), progress })
  console.log(`\n${scenarioTable(result, 'seen', ['unseen', 'usual'])}\n`)
  for (const problem of result.problems) console.log(`FAIL ${problem}`)
  process.exitCode = verdicts(result) && result.problems.length === 0 ? 0 : 1
} finally {
  collector.close()
  await session.close()
}
