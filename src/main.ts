/** The command line: words to commands, and their exit codes. 0 clean, 1 failure at run time, 2 bad config or usage. */

import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { restartTuned } from './cli/tuned-process.ts'

const usage = `yatagarasu, a read-only HTTP caching proxy in front of S3

  yatagarasu serve --config FILE   serve the buckets of a config file
  yatagarasu check --config FILE   say everything that is wrong with a config file
  yatagarasu demo                  serve sample objects from an embedded origin, on loopback

  --help      this text
  --version   the version`

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

process.exitCode = await run(process.argv.slice(2))

async function run(args: readonly string[]): Promise<number> {
  const words = readWords(args)
  if (words === undefined) return 2
  const { command, configFile, wantsHelp, wantsVersion } = words
  if (wantsVersion) return say(version)
  if (wantsHelp) return say(usage)
  if (command === 'demo' || command === 'serve') restartTuned(process.env)
  if (command === 'demo') return (await import('./cli/demo.ts')).demo({ version })
  if (command !== 'serve' && command !== 'check')
    return refuse(command === undefined ? 'no command' : `unknown command ${command}`)
  if (configFile === undefined) return refuse(`${command} needs --config FILE`)
  if (command === 'serve') return (await import('./cli/serve.ts')).serveFile({ configFile, env: process.env, version })
  return (await import('./cli/check.ts')).check({ configFile, env: process.env, write: say })
}

function readWords(args: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { config: { type: 'string' }, help: { type: 'boolean', short: 'h' }, version: { type: 'boolean' } },
    })
    if (positionals.length > 1) throw new Error(`unexpected argument '${positionals[1]}'`)
    return {
      command: positionals[0],
      configFile: values.config,
      wantsHelp: values.help === true,
      wantsVersion: values.version === true,
    }
  } catch (error) {
    refuse(error instanceof Error ? error.message : String(error)) // translated into a usage error
    return undefined
  }
}

function say(line: string): number {
  process.stdout.write(`${line}\n`)
  return 0
}

function refuse(problem: string): number {
  process.stderr.write(`yatagarasu: ${problem}\n\n${usage}\n`)
  return 2
}
