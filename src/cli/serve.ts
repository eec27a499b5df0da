import { writeSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { type App, createApp } from '../app.ts'
import { systemClock } from '../base/clock.ts'
import { systemRandom } from '../base/random.ts'
import type { Config } from '../config/config.ts'
import { loadConfig } from '../config/load.ts'
import { formatProblem } from '../config/problem.ts'
import { createLogger, type LogOutput } from '../observe/logger.ts'
import { watchFile } from './file-watch.ts'
import { Reloading } from './reloading.ts'

export interface ServeArgs {
  readonly configFile: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly version: string
}

/** Returns the exit code: 2 when the file has problems, which are all told. */
export async function serveFile(args: ServeArgs): Promise<number> {
  const { configFile, env } = args
  const loaded = loadConfig(configFile, env, systemClock.now())
  if (loaded.kind === 'problems') {
    for (const problem of loaded.problems) process.stderr.write(`${formatProblem(problem)}\n`)
    return 2
  }
  for (const warning of loaded.warnings) process.stderr.write(`warning: ${formatProblem(warning)}\n`)
  return serve(loaded.config, loaded.described, args)
}

/** Runs until SIGTERM or SIGINT has drained it. Returns the exit code. */
async function serve(config: Config, described: unknown, args: ServeArgs): Promise<number> {
  const output = createLogger(config.logging, systemClock)
  const stopped = stopSignal(output)
  const reloading = new Reloading(args, output.logger)
  // From the start: a signal nobody listens for would end the process, and the file may change before anybody can be told of it.
  process.on('SIGHUP', () => void reloading.reload()) // never rejects
  const stopWatching = config.configWatch
    ? watchFile(args.configFile, systemClock, () => void reloading.reload())
    : () => {}
  try {
    const ports = { clock: systemClock, random: systemRandom, log: output, version: args.version }
    const app = await createApp(config, { ...ports, described, reload: () => reloading.reload() })
    const signal = await serveUntil(stopped, app, reloading)
    reloading.end()
    output.logger.info({ signal }, 'draining')
    return await drain(app, output)
  } catch (error) {
    output.logger.fatal({ err: error }, 'cannot start')
    output.flush()
    return 1
  } finally {
    stopWatching()
  }
}

/** Rejects when it cannot listen; then it is closed. */
async function serveUntil(stopped: Promise<NodeJS.Signals>, app: App, reloading: Reloading): Promise<NodeJS.Signals> {
  try {
    const addresses = await app.listen()
    flushCompileCache() // else a process that is killed would leave nothing for the next one
    announce(addresses)
  } catch (error) {
    await app.close()
    throw error
  }
  reloading.begin(app)
  return stopped
}

async function drain(app: App, output: LogOutput): Promise<number> {
  try {
    await app.close()
    output.logger.info('stopped')
    return 0
  } catch (error) {
    output.logger.fatal({ err: error }, 'shutdown failed')
    return 1
  } finally {
    output.flush()
  }
}

/** Scripts wait for this line; it is JSON whatever the log looks like. */
export function announce(addresses: object): void {
  writeSync(1, `${JSON.stringify({ msg: 'listening', addresses })}\n`)
}

/** The first SIGTERM or SIGINT. A second one is an impatient operator: it ends the process at once. */
export function stopSignal(output: LogOutput): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let count = 0
    const onSignal = (signal: NodeJS.Signals) => {
      count++
      if (count === 1) return resolve(signal)
      output.flush()
      process.exit(1)
    }
    process.on('SIGTERM', onSignal)
    process.on('SIGINT', onSignal)
  })
}
