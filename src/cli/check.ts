import { systemClock } from '../base/clock.ts'
import { loadConfig } from '../config/load.ts'
import { formatProblem } from '../config/problem.ts'
import { type Command, requireText } from './command.ts'

const help = `yatagarasu check --config FILE

Says everything that is wrong with a config file, each with its place. \`serve\` looks at the same
before it starts.

Exit codes: 0 nothing is wrong, 2 something is.`

export const command: Command = {
  options: { config: { type: 'string' } },
  help,
  run: async ({ values, env, write }) => check({ configFile: requireText(values, 'config', 'FILE'), env, write }),
}

export interface CheckArgs {
  readonly configFile: string
  readonly env: Readonly<Record<string, string | undefined>>
  write(line: string): void
}

/** Says everything that is wrong with a config file. Returns the exit code: 0 when nothing is, else 2. */
export function check({ configFile, env, write }: CheckArgs): number {
  const result = loadConfig(configFile, env, systemClock.now())
  if (result.kind === 'problems') {
    for (const problem of result.problems) write(formatProblem(problem))
    const count = result.problems.length
    write(`${configFile}: ${count} ${count === 1 ? 'problem' : 'problems'}`)
    return 2
  }
  for (const warning of result.warnings) write(`warning: ${formatProblem(warning)}`)
  write(`${configFile}: ok`)
  return 0
}
