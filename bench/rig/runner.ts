/** Runs one scenario: starts its servers on one origin, lets them take turns round by round, stops them. */
import { rivalsOf } from './results.ts'
import type { Metrics, Scenario, Target } from './scenario.ts'
import { type RunningServer, type ServerKind, startOrigin } from './servers.ts'
import type { Session } from './session.ts'

export interface ScenarioResult {
  readonly name: string
  readonly question: string
  readonly load: string
  readonly rivals: readonly string[]
  /** Server name to its rounds; round N of one server ran beside round N of every other. */
  readonly rounds: Readonly<Record<string, readonly Metrics[]>>
  readonly problems: readonly string[]
}

export interface RunOptions {
  readonly session: Session
  readonly kinds: readonly ServerKind[]
  readonly rounds: number
  progress(line: string): void
}

/** Far more than any step needs; a server that hangs ends the bench instead of holding it for ever. */
const stepMs = 600_000
const shownProblems = 5

export async function runScenario(scenario: Scenario, options: RunOptions): Promise<ScenarioResult> {
  const { session, kinds, progress } = options
  progress(`${scenario.name}: starting ${kinds.map((kind) => kind.name).join(', ')}`)
  const origin = await startOrigin(session)
  const servers: RunningServer[] = []
  const rounds: Record<string, Metrics[]> = {}
  const problems: string[] = []
  try {
    for (const kind of kinds) {
      servers.push(await kind.start({ session, originPort: origin.port, ...scenario.cache, ...scenario.setup }))
      rounds[kind.name] = []
    }
    const targets = servers.map((server) => ({ session, server, origin }))
    for (const target of targets)
      await withDeadline(scenario.prepare?.(target) ?? Promise.resolve(), `preparing ${target.server.name}`)
    for (let round = 0; round < options.rounds; round += 1) {
      for (const target of rotated(targets, round)) {
        const step = `${scenario.name}, round ${round + 1}, ${target.server.name}`
        progress(step)
        const sample = await withDeadline(scenario.run(target, round), step)
        rounds[target.server.name]?.push(sample.metrics)
        problems.push(...sample.problems.slice(0, shownProblems).map((problem) => `${step}: ${problem}`))
      }
    }
  } finally {
    await Promise.all([...servers.map((server) => server.stop()), origin.stop()])
  }
  const { name, question, load } = scenario
  return { name, question, load, rivals: rivalsOf(scenario), rounds, problems }
}

/** Each round begins with another server, so that none is always the one after a pause. */
function rotated(targets: readonly Target[], round: number): Target[] {
  return targets.map((_, index) => targets[(index + round) % targets.length]).filter((target) => target !== undefined)
}

async function withDeadline<T>(work: Promise<T>, step: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${step} took longer than ${stepMs / 1_000} s`)), stepMs)
  })
  try {
    return await Promise.race([work, deadline])
  } finally {
    clearTimeout(timer)
  }
}
