import type { Config } from '../config/config.ts'
import { formatProblem } from '../config/problem.ts'
import { type Env, UsageError } from './command.ts'

/** For commands that look something up in it. Throws `UsageError` with all that is wrong with it. */
export async function readConfig(file: string, env: Env): Promise<Config> {
  // Only now: half of what it takes to start a command is spent on what reads a config.
  const { loadConfig } = await import('../config/load.ts')
  const loaded = loadConfig(file, env)
  if (loaded.kind === 'problems') throw new UsageError(loaded.problems.map(formatProblem).join('\n'))
  return loaded.config
}
