/** The whole product in this process: a real listener in front of a scripted origin, with a clock turned by hand. */
import type { TestContext } from 'node:test'
import type { Worker } from 'node:worker_threads'
import { Agent, request as send } from 'undici'
import { type Addresses, type App, createApp, type Reloaded } from '../../src/app.ts'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import type { TierGuard } from '../../src/cache/tier.ts'
import { parseConfig } from '../../src/config/load.ts'
import { createLogger } from '../../src/observe/logger.ts'
import { FakeClock } from './fake-clock.ts'
import { type FakeOrigin, startFakeOrigin } from './fake-origin.ts'
import { createFakeRandom } from './fake-random.ts'
import { Lending } from './lending.ts'

export interface ProxySettings {
  /** Settings of the one bucket, besides its S3 part. `cache` here overrides the top-level one. */
  readonly bucket?: Readonly<Record<string, unknown>>
  readonly s3?: Readonly<Record<string, unknown>>
  readonly cache?: Readonly<Record<string, unknown>>
  readonly server?: Readonly<Record<string, unknown>>
  /** Sections of the file's top level that have no place above. */
  readonly top?: Readonly<Record<string, unknown>>
  /** Whole buckets beside the usual one, which is served under /b. */
  readonly moreBuckets?: readonly Readonly<Record<string, unknown>>[]
  /** Real time, for tests that stall real sockets. */
  readonly clock?: Clock
  /** Faults, put around each tier. */
  readonly tierGuard?: TierGuard
  /** Told of each thread that is started to serve requests. */
  readonly spawned?: (worker: Worker) => void
}

export interface Answer {
  readonly status: number
  /** Lower-case names; several lines are joined by `, `. */
  header(name: string): string | undefined
  readonly body: Buffer
  readonly text: string
}

export interface GetOptions {
  readonly method?: 'GET' | 'HEAD' | 'OPTIONS' | 'POST' | 'PUT' | 'DELETE'
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

export class ProxyUnderTest {
  readonly main: string
  readonly metrics: string
  readonly log: readonly Record<string, unknown>[]
  readonly #agent: Agent
  readonly #app: Pick<App, 'close' | 'reload'>
  readonly #endpoint: string
  #stopped: Promise<void> | undefined

  constructor(
    { main, metrics = '' }: Addresses,
    log: readonly Record<string, unknown>[],
    agent: Agent,
    app: Pick<App, 'close' | 'reload'>,
    endpoint: string,
  ) {
    this.main = main
    this.metrics = metrics
    this.log = log
    this.#agent = agent
    this.#app = app
    this.#endpoint = endpoint
  }

  /** As SIGHUP does, with the file changed to these settings. In front of the same origin unless another is named. */
  reload(settings: ProxySettings, endpoint = this.#endpoint): Promise<Reloaded> {
    const { config, described } = loadedFrom(endpoint, settings)
    return this.#app.reload(config, described)
  }

  /** As SIGTERM does. The test does it at its end, if not before. */
  stop(): Promise<void> {
    this.#stopped ??= this.#agent.destroy().then(() => this.#app.close())
    return this.#stopped
  }

  /** `path` goes on the wire as it is. Resolves when the whole body is here; rejects when the connection breaks before. */
  async get(path: string, options: GetOptions = {}): Promise<Answer> {
    const { statusCode: status, headers, body } = await this.open(path, options)
    const bytes = Buffer.from(await body.arrayBuffer())
    const header = (name: string) => {
      const value = headers[name]
      return Array.isArray(value) ? value.join(', ') : value
    }
    return { status, header, body: bytes, text: bytes.toString() }
  }

  /** Resolves with the head; the body is the caller's to read or destroy. */
  open(path: string, { method = 'GET', headers = {}, body, signal }: GetOptions = {}) {
    return this.#agent.request({
      origin: this.main,
      path,
      method,
      headers,
      body: body ?? null,
      ...(signal && { signal }),
    })
  }

  /** Resolves once at least so many requests are under way. */
  async untilActive(count: number): Promise<void> {
    while ((await this.metric('yatagarasu_active_requests')) < count);
  }

  /** Resolves once so many requests are logged and counted, which happens when their last byte is out. */
  async untilLogged(count: number): Promise<void> {
    while (this.log.length < count) await this.metric('yatagarasu_active_requests')
  }

  /** Resolves once a metric is so large: what happens behind a response is done by then. */
  async untilMetric(name: string, labels: Readonly<Record<string, string>>, least: number): Promise<void> {
    while ((await this.metric(name, labels)) < least);
  }

  /** Resolves once so many records have been written to a tier that lies behind. */
  untilWritten(layer: 'disk' | 'redis', records: number): Promise<void> {
    return this.untilMetric('yatagarasu_cache_set_duration_seconds_count', { layer }, records)
  }

  /** Sum of all samples of a metric whose labels include these. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    const { body } = await send(`${this.metrics}/metrics`, { dispatcher: this.#agent })
    const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
    let sum = 0
    for (const line of (await body.text()).split('\n')) {
      const [, sample, described = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
      if (sample === name && wanted.every((label) => described.includes(label))) sum += Number(value)
    }
    return sum
  }
}

export interface Stage {
  readonly proxy: ProxyUnderTest
  readonly origin: FakeOrigin
  /** Stands still unless the settings brought another clock. */
  readonly clock: FakeClock
}

/** With threads that serve requests, and real time: a clock turned by hand is not turned in all of them. */
export async function startWorkers(t: TestContext, workers: number, settings: ProxySettings = {}) {
  const threads: Worker[] = []
  const origin = await startFakeOrigin(t)
  const proxy = await startProxyBefore(t, origin.endpoint, {
    clock: systemClock,
    ...settings,
    server: { workers, ...settings.server },
    spawned: (worker) => threads.push(worker),
  })
  return { proxy, origin, threads }
}

export async function startProxy(t: TestContext, settings: ProxySettings = {}): Promise<Stage> {
  const clock = new FakeClock()
  const origin = await startFakeOrigin(t, { clock })
  const proxy = await startProxyBefore(t, origin.endpoint, { clock, ...settings })
  return { proxy, origin, clock }
}

/** In front of any origin. Ends with the test. */
export async function startProxyBefore(
  t: TestContext,
  endpoint: string,
  settings: ProxySettings = {},
): Promise<ProxyUnderTest> {
  const { config, described } = loadedFrom(endpoint, settings)
  const log: Record<string, unknown>[] = []
  const output = createLogger({ level: 'info', format: 'json' }, systemClock, {
    write: (lines) =>
      log.push(
        ...lines
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line)),
      ),
  })
  const { clock = systemClock, spawned } = settings
  const lending = process.env['LENDING_MEMORY'] ? new Lending() : undefined
  const tierGuard = settings.tierGuard ?? lending?.guard
  const ports = { clock, random: createFakeRandom(), log: output, version: '0.0.0-test', described }
  const app = await createApp(config, { ...ports, ...(tierGuard && { tierGuard }), ...(spawned && { spawned }) })
  const proxy = new ProxyUnderTest(
    await app.listen(),
    log,
    new Agent({ connections: 512, pipelining: 1 }),
    app,
    endpoint,
  )
  t.after(async () => {
    await proxy.stop()
    lending?.assertNoneOpen()
  })
  return proxy
}

function loadedFrom(endpoint: string, settings: ProxySettings) {
  const loaded = parseConfig(JSON.stringify(configFor(endpoint, settings)), {})
  if (loaded.kind === 'problems') throw new Error(loaded.problems.map((p) => `${p.path}: ${p.message}`).join('\n'))
  return loaded
}

export function configFor(endpoint: string, settings: ProxySettings): object {
  const { bucket = {}, s3 = {}, cache = {}, server = {}, top = {}, moreBuckets = [] } = settings
  const keys = { region: 'us-east-1', endpoint, access_key: 'test', secret_key: 'test-secret' }
  return {
    server: { address: '127.0.0.1:0', shutdown_timeout_seconds: 1, ...server },
    metrics: { address: '127.0.0.1:0' },
    cache: { enabled: true, memory: { max_cache_size_mb: 64 }, ...cache },
    buckets: [{ name: 'b', path_prefix: '/b', s3: { bucket: 'bucket', ...keys, ...s3 }, ...bucket }, ...moreBuckets],
    ...top,
  }
}
