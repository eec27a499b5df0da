/** The command line: words to commands, and their exit codes. 0 clean, 1 failure at run time, 2 bad config or usage. */

import { readFileSync } from 'node:fs'
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { systemClock } from './base/clock.ts'
import { type Command, CommandFailure, requireText, UsageError, type Values } from './cli/command.ts'
import { restartTuned } from './cli/tuned-process.ts'

const usage = `yatagarasu, a read-only HTTP caching proxy in front of S3

  yatagarasu serve --config FILE   serve the buckets of a config file
  yatagarasu check --config FILE   say everything that is wrong with a config file
  yatagarasu token --config FILE   sign a token for trying things out
  yatagarasu demo                  serve sample objects from an embedded origin, on loopback

Of a proxy that runs, with an administrator's token:

  yatagarasu purge                 forget what is cached
  yatagarasu stats                 the cache in numbers
  yatagarasu explain PATH          what would become of a request, and why
  yatagarasu warm                  bring objects into the cache

  yatagarasu audit verify FILE...  say whether audit logs are what was written

  --help      this text, or that of a command
  --version   the version`

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
const { env } = process

/** The two that run the proxy restart before anything large is loaded. */
const serve: Command = {
  options: { config: { type: 'string' } },
  help: usage,
  async run({ values }) {
    const configFile = requireText(values, 'config', 'FILE')
    restartTuned(env)
    return (await import('./cli/serve.ts')).serveFile({ configFile, env, version })
  },
}
const demo: Command = {
  options: {},
  help: usage,
  async run() {
    restartTuned(env)
    return (await import('./cli/demo.ts')).demo({ version })
  },
}

const commands: Readonly<Record<string, () => Promise<{ readonly command: Command }>>> = {
  serve: async () => ({ command: serve }),
  demo: async () => ({ command: demo }),
  check: () => import('./cli/check.ts'),
  token: () => import('./cli/token.ts'),
  purge: () => import('./cli/purge.ts'),
  stats: () => import('./cli/stats.ts'),
  explain: () => import('./cli/explain.ts'),
  warm: () => import('./cli/warm.ts'),
  audit: () => import('./cli/audit.ts'),
}

process.exitCode = await run(process.argv.slice(2))

async function run([name = '', ...rest]: readonly string[]): Promise<number> {
  if (name === '--help' || name === '-h') return say(usage)
  if (name === '--version') return say(version)
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (load === undefined) return refuse(name === '' ? 'no command' : `unknown command ${name}`, usage)
  const { command } = await load()
  try {
    const { values, words } = readWords(rest, command)
    if (values['help'] === true) return say(command.help)
    return await command.run({ values, words, env, clock: systemClock, write: say, complain })
  } catch (error) {
    // Translated into an exit code; everything else is a bug.
    if (error instanceof UsageError) return refuse(error.message, `yatagarasu ${name} --help says more`)
    if (!(error instanceof CommandFailure)) throw error
    complain(`yatagarasu: ${error.message}`)
    return 1
  }
}

/** Throws `UsageError`: also for an option that is given twice, where only one of them would be heard. */
function readWords(args: readonly string[], { options, takesWords }: Command): { values: Values; words: string[] } {
  const known: ParseArgsOptionsConfig = { ...options, help: { type: 'boolean', short: 'h' } }
  const { values, positionals: words, tokens } = parsed(args, known)
  if (takesWords !== true && words.length > 0) throw new UsageError(`unexpected argument '${words[0]}'`)
  const names = tokens.flatMap((token) => (token.kind === 'option' ? token.name : []))
  const twice = names.find((name, index) => known[name]?.multiple !== true && names.indexOf(name) < index)
  if (twice !== undefined) throw new UsageError(`--${twice} is given twice`)
  return { values: values as Values, words }
}

function parsed(args: readonly string[], options: ParseArgsOptionsConfig) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, tokens: true })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error)) // translated
  }
}

function say(text: string): number {
  // Looked up as late as this: as a pipe it stops blocking then, and the log of a proxy writes to it as well.
  if (process.stdout.listenerCount('error') === 0) process.stdout.on('error', endUnread)
  process.stdout.write(`${text}\n`)
  return 0
}

/** Whoever read it is gone, or has no room: nothing more can be said. */
function endUnread(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') complain(`yatagarasu: ${error.message}`)
  process.exit(1)
}

function complain(text: string): void {
  process.stderr.write(`${text}\n`)
}

function refuse(problem: string, hint: string): number {
  complain(`yatagarasu: ${problem}\n\n${hint}`)
  return 2
}
