/** Starts the processes of clients, lets them begin together, and collects what they found. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Wrapped } from '../../test/chaos/own-file-system.ts'
import { LatencyHistogram } from './latency-histogram.ts'
import type { LoadPlan, LoadResult } from './load-driver.ts'
import type { RequestResult } from './request-crowd.ts'
import type { Session, Started } from './session.ts'

const [openingLimitMs, lastAnswerLimitMs, pollMs] = [300_000, 120_000, 50]

export class LoadDrivers {
  readonly #session: Session
  readonly #drivers: readonly { readonly started: Started; readonly prefix: string; readonly plan: LoadPlan }[]

  /** `wrapped`: starts each in some surroundings. */
  constructor(session: Session, plans: readonly LoadPlan[], wrapped?: Wrapped) {
    this.#session = session
    this.#drivers = plans.map((plan, index) => {
      const prefix = join(session.folder, `driver-${index}-${Math.random().toString(36).slice(2)}`)
      writeFileSync(`${prefix}.plan`, JSON.stringify(plan))
      const script = join(import.meta.dirname, 'load-driver.ts')
      const node = [process.execPath, script, prefix]
      const [command = '', ...args] = wrapped === undefined ? node : [wrapped.command, ...wrapped.args, ...node]
      return { started: session.start('driver', session.cores.client, command, args), prefix, plan }
    })
  }

  /** Resolves once all connections of all of them are open. */
  async open(): Promise<void> {
    await Promise.all(
      this.#drivers.map(({ started, prefix }) => untilThere(started, `${prefix}.ready`, openingLimitMs)),
    )
  }

  async run(): Promise<LoadResult[]> {
    for (const { started } of this.#drivers) process.kill(started.pid, 'SIGUSR2')
    return Promise.all(
      this.#drivers.map(async ({ started, prefix, plan }) => {
        await untilThere(started, `${prefix}.result`, plan.seconds * 1000 + lastAnswerLimitMs)
        return JSON.parse(readFileSync(`${prefix}.result`, 'utf8')) as LoadResult
      }),
    )
  }

  async stop(): Promise<void> {
    await Promise.all(this.#drivers.map(({ started }) => this.#session.stop(started)))
  }
}

/** What several of them found, as one. */
export function together(results: readonly RequestResult[]): RequestResult {
  const sum = (of: (result: RequestResult) => number) => results.reduce((total, result) => total + of(result), 0)
  const rows = (of: (result: RequestResult) => RequestResult['hitMs']) =>
    LatencyHistogram.of(results.flatMap(of)).rows()
  return {
    kind: 'requests',
    requests: sum(({ requests }) => requests),
    errors: sum(({ errors }) => errors),
    wrong: sum(({ wrong }) => wrong),
    problems: results.flatMap(({ problems }) => problems),
    hitMs: rows(({ hitMs }) => hitMs),
    missMs: rows(({ missMs }) => missMs),
    lateMs: rows(({ lateMs }) => lateMs),
    reopened: sum(({ reopened }) => reopened),
  }
}

async function untilThere(started: Started, path: string, limitMs: number): Promise<void> {
  const untilMs = performance.now() + limitMs
  while (!existsSync(path)) {
    const why = started.isRunning() ? performance.now() > untilMs && `took longer than ${limitMs / 1000} s` : 'ended'
    if (why !== false) throw new Error(`a driver ${why}:\n${readFileSync(started.logFile, 'utf8').slice(-2000)}`)
    await sleep(pollMs)
  }
}
