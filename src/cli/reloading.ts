/** Reading the config file again while the proxy runs. */

import type { ReloadReply } from '../admin/ports.ts'
import type { App } from '../app.ts'
import { systemClock } from '../base/clock.ts'
import { loadConfig } from '../config/load.ts'
import { formatProblem } from '../config/problem.ts'
import type { Logger } from '../observe/logger.ts'
import type { ServeArgs } from './serve.ts'

export class Reloading {
  readonly #args: ServeArgs
  readonly #logger: Logger
  readonly #started = Promise.withResolvers<App>()
  /** One after the other. */
  #turn: Promise<unknown> = Promise.resolve()
  #hasEnded = false

  constructor(args: ServeArgs, logger: Logger) {
    this.#args = args
    this.#logger = logger
  }

  /** The proxy serves: what was asked for until now begins. */
  begin(app: App): void {
    this.#started.resolve(app)
  }

  /** The proxy is about to end: nothing is reloaded any more. */
  end(): void {
    this.#hasEnded = true
  }

  /** Files are opened anew, and the config that the file holds now applies; a file with problems changes nothing. Never rejects. */
  reload(): Promise<ReloadReply> {
    const reloaded = this.#turn.then(async () => this.#apply(await this.#started.promise))
    this.#turn = reloaded
    return reloaded
  }

  async #apply(app: App): Promise<ReloadReply> {
    await app.reopenFiles()
    if (this.#hasEnded) return this.#refuse(['the proxy is shutting down'])
    const { configFile, env } = this.#args
    const loaded = loadConfig(configFile, env, systemClock.now())
    if (loaded.kind === 'problems') {
      app.reloadRefused()
      return this.#refuse(loaded.problems.map(formatProblem))
    }
    for (const warning of loaded.warnings) this.#logger.warn({ warning: formatProblem(warning) }, 'config')
    try {
      const { generation, restartRequired } = await app.reload(loaded.config, loaded.described)
      this.#logger.info({ generation, restart_required: restartRequired }, 'config is reloaded')
      return { kind: 'reloaded', generation, restartRequired }
    } catch (error) {
      return this.#refuse([error instanceof Error ? error.message : String(error)]) // translated: something cannot be made
    }
  }

  #refuse(problems: readonly string[]): ReloadReply {
    for (const problem of problems) this.#logger.error({ problem }, 'config is not reloaded')
    return { kind: 'refused', problems }
  }
}
