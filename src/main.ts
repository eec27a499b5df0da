/** The command line: words to commands, and their exit codes. 0 clean, 1 failure at run time, 2 bad config or usage. */

import { readFileSync } from 'node:fs'
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { systemClock } from './base/clock.ts'
import { restartTuned } from './cli/tuned-process.ts'

const usage = `yatagarasu, a read-only HTTP caching proxy in front of S3

  yatagarasu serve --config FILE   serve the buckets of a config file
  yatagarasu check --config FILE   say everything that is wrong with a config file
  yatagarasu token --config FILE   sign a token for trying things out
  yatagarasu demo                  serve sample objects from an embedded origin, on loopback

  --help      this text, or that of a command
  --version   the version`

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
const { env } = process

type Values = Readonly<Record<string, string | boolean | readonly string[] | undefined>>

interface Command {
  readonly options: ParseArgsOptionsConfig
  readonly help?: () => Promise<string>
  run(values: Values, configFile: string): Promise<number>
}

const config = { config: { type: 'string' } } as const

/** What needs `--config` says so in its options, and is run only with it. */
const commands: Readonly<Record<string, Command>> = {
  serve: {
    options: config,
    async run(_values, configFile) {
      restartTuned(env)
      return (await import('./cli/serve.ts')).serveFile({ configFile, env, version })
    },
  },
  check: {
    options: config,
    run: async (_values, configFile) => (await import('./cli/check.ts')).check({ configFile, env, write: say }),
  },
  token: {
    options: {
      ...config,
      bucket: { type: 'string' },
      subject: { type: 'string' },
      claim: { type: 'string', multiple: true },
      'expires-in': { type: 'string' },
      json: { type: 'boolean' },
    },
    help: async () => (await import('./cli/token.ts')).tokenHelp,
    async run(values, configFile) {
      const { token } = await import('./cli/token.ts')
      return token({
        ...{ configFile, env, clock: systemClock, write: say, complain },
        bucket: text(values['bucket']),
        subject: text(values['subject']),
        claims: Array.isArray(values['claim']) ? values['claim'] : [],
        expiresIn: text(values['expires-in']) ?? '3600',
        json: values['json'] === true,
      })
    },
  },
  demo: {
    options: {},
    async run() {
      restartTuned(env)
      return (await import('./cli/demo.ts')).demo({ version })
    },
  },
}

process.exitCode = await run(process.argv.slice(2))

async function run(args: readonly string[]): Promise<number> {
  const name = args.find((word) => Object.hasOwn(commands, word)) ?? args.find((word) => !word.startsWith('-'))
  const command = commands[name ?? '']
  const values = readWords(args, command?.options ?? {})
  if (values === undefined) return 2
  if (values['version'] === true) return say(version)
  if (values['help'] === true) return say((await command?.help?.()) ?? usage)
  if (command === undefined) return refuse(name === undefined ? 'no command' : `unknown command ${name}`)
  const configFile = text(values['config'])
  if ('config' in command.options && configFile === undefined) return refuse(`${name} needs --config FILE`)
  return command.run(values, configFile ?? '')
}

function readWords(args: readonly string[], options: ParseArgsOptionsConfig): Values | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { ...options, help: { type: 'boolean', short: 'h' }, version: { type: 'boolean' } },
    })
    if (positionals.length > 1) throw new Error(`unexpected argument '${positionals[1]}'`)
    return values as Values
  } catch (error) {
    refuse(error instanceof Error ? error.message : String(error)) // translated into a usage error
    return undefined
  }
}

function text(value: Values[string]): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function say(line: string): number {
  process.stdout.write(`${line}\n`)
  return 0
}

function complain(line: string): void {
  process.stderr.write(`${line}\n`)
}

function refuse(problem: string): number {
  complain(`yatagarasu: ${problem}\n\n${usage}`)
  return 2
}
