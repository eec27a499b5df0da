/**
 * What does a scrape cost the event loop? `node bench/scrape.ts [--buckets N] [--scrapes N]`: 20 buckets with every feature
 * on and every answer seen, in this thread; S3, clients and Prometheus in another. Exits 1 when the thread needs 10 ms of CPU
 * or more in the median, or a bucket has 200 time series.
 */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { Agent, request } from 'undici'
import { createApp } from '../src/app.ts'
import { systemClock } from '../src/base/clock.ts'
import { systemRandom } from '../src/base/random.ts'
import { parseConfig } from '../src/config/load.ts'
import { createLogger } from '../src/observe/logger.ts'
import { administered } from '../test/support/administration.ts'
import { askEverything, everyAnswerOrigin, everyFeatureBucket } from '../test/support/every-answer.ts'
import { startOwnRedis } from '../test/support/redis-server.ts'
import { type Spread, spread } from './rig/summary.ts'

const mostMs = 10
const mostSeries = 200
const forms = {
  text: 'text/plain',
  openmetrics: 'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1',
}

/** What the other thread is told to do, with one answer each. */
type Order =
  | { readonly do: 'ask'; readonly url: string; readonly buckets: readonly string[] }
  | { readonly do: 'scrape'; readonly url: string; readonly accept: string }

if (isMainThread) {
  const { values } = parseArgs({
    options: { buckets: { type: 'string', default: '20' }, scrapes: { type: 'string', default: '60' } },
  })
  process.exitCode = await main(Number(values.buckets), Number(values.scrapes))
  process.exit()
} else {
  await serveOrders()
}

async function main(bucketCount: number, scrapes: number): Promise<number> {
  const endings: (() => Promise<void>)[] = []
  const folder = mkdtempSync(join(tmpdir(), 'yatagarasu-scrape-'))
  const worker = new Worker(new URL(import.meta.url))
  try {
    const [origin] = (await once(worker, 'message')) as [string]
    const redis = await startOwnRedis({ after: (clean) => endings.push(clean) })
    const buckets = Array.from({ length: bucketCount }, (_, index) => `bucket-${index + 1}`)
    const app = await startApp(buckets, origin, redis.url, folder)
    const { main: url, metrics = '' } = await app.listen()
    endings.unshift(() => app.close())
    await obey(worker, { do: 'ask', url, buckets })
    await sleep(1500) // what lies behind the answers: files, Redis, the audit
    const verdicts = [await judgeSeries(worker, metrics, buckets)]
    for (const form of ['text', 'openmetrics'] as const) verdicts.push(await judgeTime(worker, metrics, form, scrapes))
    return verdicts.every(Boolean) ? 0 : 1
  } finally {
    for (const end of endings) await end()
    await worker.terminate()
    rmSync(folder, { recursive: true, force: true })
  }
}

function startApp(buckets: readonly string[], origin: string, redis: string, folder: string) {
  const config = {
    server: { address: '127.0.0.1:0', trusted_proxies: ['127.0.0.1'] },
    metrics: { address: '127.0.0.1:0' },
    cache: {
      enabled: true,
      cache_layers: ['memory', 'disk', 'redis'],
      memory: { max_cache_size_mb: 64 },
      disk: { enabled: true, cache_dir: join(folder, 'cache') },
      redis: { enabled: true, redis_url: redis },
    },
    rate_limiting: { enabled: true, global: { requests_per_second: 1e5 } },
    audit_log: { enabled: true, outputs: ['file'], file: { path: join(folder, 'audit.log') } },
    observability: { tracing: { enabled: true, exporter: 'none' }, slow_query: { enabled: true } },
    ...administered,
    buckets: buckets.map((name) => everyFeatureBucket(name, [origin, origin, origin])),
  }
  const loaded = parseConfig(JSON.stringify(config), {})
  if (loaded.kind === 'problems') throw new Error(loaded.problems.map((p) => `${p.path}: ${p.message}`).join('\n'))
  const log = createLogger({ level: 'fatal', format: 'json' }, systemClock)
  return createApp(loaded.config, { clock: systemClock, random: systemRandom, log, version: 'bench' })
}

async function judgeSeries(worker: Worker, url: string, buckets: readonly string[]): Promise<boolean> {
  const lines = (await obey(worker, { do: 'scrape', url, accept: forms.text })).split('\n')
  const series = lines.filter((line) => line !== '' && !line.startsWith('#'))
  const most = Math.max(...buckets.map((name) => series.filter((line) => line.includes(`bucket="${name}"`)).length))
  return verdict(most < mostSeries, `${most} time series of one bucket at most, ${series.length} in all`)
}

/** Time in which the loop could do nothing else, waits for a core included, and what the thread has worked in it. */
async function judgeTime(worker: Worker, url: string, form: keyof typeof forms, scrapes: number): Promise<boolean> {
  const [loopMs, cpuMs]: [number[], number[]] = [[], []]
  let bytes = 0
  for (let scrape = 0; scrape < scrapes; scrape++) {
    const [loop, cpu] = [performance.eventLoopUtilization(), process.threadCpuUsage()]
    bytes = (await obey(worker, { do: 'scrape', url, accept: forms[form] })).length
    const { user, system } = process.threadCpuUsage(cpu)
    loopMs.push(performance.eventLoopUtilization(loop).active)
    cpuMs.push((user + system) / 1000)
    await sleep(20)
  }
  const [loop, cpu] = [spread(loopMs), spread(cpuMs)]
  const text = `${form}: ${bytes} bytes, event loop ${told(loop)}, CPU ${told(cpu)}, ${scrapes} scrapes`
  return verdict(cpu.median < mostMs, text)
}

function told({ median, min, max }: Spread): string {
  return `${median.toFixed(2)} ms (${min.toFixed(2)}-${max.toFixed(2)})`
}

function verdict(isGood: boolean, text: string): boolean {
  process.stdout.write(`${isGood ? 'PASS' : 'FAIL'} ${text}\n`)
  return isGood
}

async function obey(worker: Worker, order: Order): Promise<string> {
  worker.postMessage(order)
  const [answer] = (await once(worker, 'message')) as [string]
  return answer
}

async function serveOrders(): Promise<void> {
  const origin = everyAnswerOrigin().listen(0, '127.0.0.1')
  await once(origin, 'listening')
  const agent = new Agent({ connections: 32 })
  parentPort?.on('message', (order: Order) => {
    void execute(order, agent).then((answer) => parentPort?.postMessage(answer))
  })
  parentPort?.postMessage(`http://127.0.0.1:${(origin.address() as AddressInfo).port}`)
}

async function execute(order: Order, dispatcher: Agent): Promise<string> {
  if (order.do === 'scrape') {
    const { body } = await request(`${order.url}/metrics`, { dispatcher, headers: { accept: order.accept } })
    return body.text()
  }
  for (const bucket of order.buckets) {
    await askEverything(bucket, (path, { body = null, ...asked }) =>
      dispatcher.request({ origin: order.url, path, body, ...asked }),
    )
  }
  return ''
}
