/** What the scripts about failures share: the proxy with a config of theirs, origins that come back, and promises. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Wrapped } from '../../test/chaos/own-file-system.ts'
import { readAddresses, type Traffic } from './servers.ts'
import { type Session, type Started, waitFor } from './session.ts'

const repository = join(import.meta.dirname, '..', '..')

export interface RunningProxy {
  readonly started: Started
  readonly port: number
  /** The sum of all samples of a metric whose labels include these. */
  metric(name: string, labels?: string): Promise<number>
}

/** `flags` are Node's. Listens where it likes, with `/metrics`, and logs no requests. `wrapped` starts it in some surroundings. */
export async function startProxy(
  session: Session,
  config: Readonly<Record<string, unknown>>,
  flags: readonly string[] = [],
  wrapped?: Wrapped,
): Promise<RunningProxy> {
  const file = join(session.folder, `config-${Math.random().toString(36).slice(2)}.yaml`)
  const { server, ...rest } = config as { server?: object }
  const listeners = { server: { address: '127.0.0.1:0', ...server }, metrics: { address: '127.0.0.1:0' } }
  // JSON is YAML.
  writeFileSync(file, JSON.stringify({ ...listeners, logging: { level: 'error' }, ...rest }))
  const node = [process.execPath, ...flags, join(repository, 'src', 'main.ts'), 'serve', '--config', file]
  const [command = '', ...args] = wrapped === undefined ? node : [wrapped.command, ...wrapped.args, ...node]
  const started = session.start('yatagarasu', session.cores.server, command, args)
  const { main, metrics } = await waitFor(started, () => readAddresses(started))
  return {
    started,
    port: Number(new URL(main).port),
    async metric(name, labels = '') {
      const lines = (await (await fetch(`${metrics}/metrics`)).text()).split('\n')
      const samples = lines.filter((line) => /^\w+/.exec(line)?.[0] === name && line.includes(labels))
      return samples.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
    },
  }
}

/** An S3-like server on a port of its own that can be killed, and started again where it was. */
export class MortalOrigin {
  readonly name: string
  readonly port: number
  readonly #session: Session
  #started: Started | undefined

  constructor(session: Session, name: string, port: number) {
    this.#session = session
    this.name = name
    this.port = port
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** Resolves once it answers. */
  async start(): Promise<void> {
    const command = [join(import.meta.dirname, 'origin.ts'), String(this.port)]
    const started = this.#session.start(this.name, this.#session.cores.origin, process.execPath, command)
    this.#started = started
    await waitFor(started, () => readAddresses(started))
  }

  async kill(): Promise<void> {
    if (this.#started === undefined) return
    process.kill(this.#started.pid, 'SIGKILL')
    await this.#started.exited
  }

  /** Object requests since it was started; undefined while it is dead. */
  async requests(): Promise<number | undefined> {
    const answer = await fetch(`${this.endpoint}/stats`).catch(() => undefined)
    return answer && ((await answer.json()) as Traffic).requests
  }
}

/** How a bucket names the bench's origin; more of it comes from the caller. */
export function s3At(endpoint: string): Readonly<Record<string, unknown>> {
  return { bucket: 'bucket', region: 'us-east-1', endpoint, access_key: 'BENCHACCESSKEY000000', secret_key: 'none' }
}

export class Promises {
  #isKept = true

  /** Prints it either way. */
  check(holds: boolean, words: string): void {
    this.#isKept &&= holds
    process.stdout.write(`${holds ? 'kept  ' : 'BROKEN'} ${words}\n`)
  }

  get exitCode(): number {
    return this.#isKept ? 0 : 1
  }
}

/** The end of what a process has said. */
export function lastWords({ logFile }: Started): string {
  return readFileSync(logFile, 'utf8').slice(-2000)
}
