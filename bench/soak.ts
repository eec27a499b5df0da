/**
 * What is left behind by a quarter of an hour in which something breaks every second? `node bench/soak.ts
 * [--seconds 900] [--rate 150] [--seed N]`: small objects, ranges of large ones, misses and clients that leave, through
 * memory, disk and Redis; S3 and Redis are refused, frozen, reset, slow, cut or turned over, at random. Exits 1 when heap and
 * external memory grew by 1 MB a minute or more after warm-up, when RSS or what a quiet proxy holds open is above its bound,
 * when it ended, or when a byte was wrong.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { FaultProxy } from '../test/support/fault-proxy.ts'
import { seededRandom } from '../test/support/faults.ts'
import { lastWords, Promises, type RunningProxy, s3At, startProxy } from './rig/failure-stage.ts'
import { type Held, inspectedFlags, readHeld } from './rig/inspected.ts'
import { runScript } from './rig/script.ts'
import { findFreePort, probePort, startOrigin } from './rig/servers.ts'
import { Session, waitFor } from './rig/session.ts'
import { comeAndLeave, harm, nextRequest } from './rig/soak-traffic.ts'
import { type Sample, statuses, timedLoad } from './rig/timed-load.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '900' },
    rate: { type: 'string', default: '150' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
  },
})
const [seconds, rate, seed] = [Number(values.seconds), Number(values.rate), Number(values.seed)]
const [MB, mostGrowthPerMinute] = [2 ** 20, 1]
/** 64 MB of cache, what runs at once holds, and the program. */
const mostRssMb = 450
/** Its pool towards S3 stays open for a while, and Redis for good. */
const spareSockets = 4
/** A fifth of the run fills the caches and lets V8 find its size; then one reading in so many seconds. */
const [warmUpShare, readingEveryMs, quietLimitMs] = [0.2, Math.max(2000, seconds * 20), 90_000]

interface Reading extends Held {
  readonly atMs: number
}

const session = new Session()
await runScript(session, main)

async function main(): Promise<number> {
  process.stdout.write(`seed ${seed}\n`)
  const origin = await startOrigin(session)
  const redisPort = await findFreePort()
  const args = ['--port', `${redisPort}`, '--bind', '127.0.0.1', '--save', '', '--dir', session.folder]
  const redisServer = session.start('redis', session.cores.origin, 'redis-server', [...args, '--maxmemory', '64mb'])
  await waitFor(redisServer, () => probePort(redisPort))
  await using s3 = await FaultProxy.open(origin)
  await using redis = await FaultProxy.open({ port: redisPort })
  const proxy = await startProxy(session, configOf(s3, redis), inspectedFlags)

  await timedLoad({ port: proxy.port, rate, untilMs: performance.now() + 5000, next: nextRequest(seededRandom(seed)) })
  const baseline = await quiet(proxy, Number.POSITIVE_INFINITY)
  process.stdout.write(`baseline ${told(baseline)}\n`)

  const startMs = performance.now()
  const untilMs = startMs + seconds * 1000
  const samples: Sample[] = []
  const [readings] = await Promise.all([
    watch(proxy, startMs, untilMs),
    inPieces(proxy, untilMs, samples),
    comeAndLeave(proxy.port, seededRandom(seed + 1), untilMs),
    harm(s3, redis, seededRandom(seed + 2), untilMs),
  ])
  await Promise.all([s3.heal(), redis.heal()])
  const after = await quiet(proxy, baseline.sockets + spareSockets)
  process.stdout.write(`after ${told(after)}\n${statuses(samples)}\n`)
  process.stdout.write(`S3 ${JSON.stringify(s3.counts)}\nRedis ${JSON.stringify(redis.counts)}\n`)
  return judge(proxy, samples, readings, baseline, after)
}

function configOf(s3: FaultProxy, redis: FaultProxy): Record<string, unknown> {
  return {
    server: { request_timeout_seconds: 10, keep_alive_timeout_seconds: 5 },
    cache: {
      enabled: true,
      cache_layers: ['memory', 'disk', 'redis'],
      memory: { max_cache_size_mb: 64, default_ttl_seconds: 5 },
      disk: { enabled: true, cache_dir: `${session.folder}/cache`, max_disk_cache_size_mb: 96 },
      redis: { enabled: true, redis_url: `redis://127.0.0.1:${redis.port}` },
      respect_origin: false,
      stale_if_error_seconds: 60,
    },
    buckets: [{ name: 'bench', path_prefix: '/bucket', s3: { timeout_seconds: 1, ...s3At(s3.url) } }],
  }
}

/** The samples of hours must not fill this process's memory: their words are dropped. */
async function inPieces(proxy: RunningProxy, untilMs: number, samples: Sample[]): Promise<void> {
  const next = nextRequest(seededRandom(seed))
  while (performance.now() < untilMs && proxy.started.isRunning()) {
    const piece = await timedLoad({
      port: proxy.port,
      rate,
      untilMs: Math.min(untilMs, performance.now() + 5000),
      next,
    })
    for (const sample of piece) samples.push({ ...sample, words: '' })
  }
}

async function watch({ started }: RunningProxy, startMs: number, untilMs: number): Promise<Reading[]> {
  const readings: Reading[] = []
  await sleep((untilMs - startMs) * warmUpShare)
  while (performance.now() < untilMs && started.isRunning()) {
    const held = await readHeld(started)
    readings.push({ ...held, atMs: performance.now() - startMs })
    process.stdout.write(`${Math.round((performance.now() - startMs) / 1000)} s ${told(held)}\n`)
    await sleep(readingEveryMs)
  }
  return readings
}

/** How it is once nobody asks and it has let go of all but so many sockets, or has had time enough to. */
async function quiet({ started }: RunningProxy, mostSockets: number): Promise<Held> {
  const untilMs = performance.now() + quietLimitMs
  await sleep(8000)
  for (;;) {
    const held = await readHeld(started)
    if (held.sockets <= mostSockets || performance.now() > untilMs) return held
    await sleep(1000)
  }
}

function judge(
  proxy: RunningProxy,
  samples: readonly Sample[],
  readings: readonly Reading[],
  baseline: Held,
  after: Held,
): number {
  const promises = new Promises()
  const isRunning = proxy.started.isRunning()
  promises.check(isRunning, isRunning ? 'it is running' : `it ended:\n${lastWords(proxy.started)}`)
  const wrong = samples.filter(({ isWrong }) => isWrong).length
  promises.check(wrong === 0, `${wrong} answers of ${samples.length} with wrong bytes`)
  const growth = (slopeOf(readings) * 60_000) / MB
  promises.check(growth < mostGrowthPerMinute, `heap and external grew by ${growth.toFixed(2)} MB a minute`)
  const rssMb = Math.max(...readings.map(({ rssBytes }) => rssBytes)) / MB
  promises.check(rssMb <= mostRssMb, `RSS up to ${rssMb.toFixed(0)} MB, bound ${mostRssMb}`)
  const words = `${after.sockets} sockets when quiet again, ${baseline.sockets} to begin with`
  promises.check(after.sockets <= baseline.sockets + spareSockets, words)
  return promises.exitCode
}

/** Bytes a millisecond, by least squares. */
function slopeOf(readings: readonly Reading[]): number {
  const mean = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length
  const [at, held] = [mean(readings.map(({ atMs }) => atMs)), mean(readings.map((r) => r.heapAndExternalBytes))]
  const rise = readings.reduce((sum, r) => sum + (r.atMs - at) * (r.heapAndExternalBytes - held), 0)
  return rise / readings.reduce((sum, { atMs }) => sum + (atMs - at) ** 2, 0)
}

function told({ heapAndExternalBytes, rssBytes, sockets }: Held): string {
  const megabytes = (bytes: number) => `${(bytes / MB).toFixed(1)} MB`
  return `heap and external ${megabytes(heapAndExternalBytes)}, RSS ${megabytes(rssBytes)}, ${sockets} sockets`
}
