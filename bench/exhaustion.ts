/**
 * What becomes of the proxy when everything runs out at once? `node bench/exhaustion.ts [--seconds 60] [--rate 300]`: small
 * objects, ranges of large ones and misses, through a small memory, a disk and Redis; then for so long the disk is full, Redis
 * takes no values and at times nobody in, there are no descriptors for the clients that come, and slow readers of huge
 * objects want memory. Exits 1 when it ended, when a byte was wrong, when RSS went above its bound, when 10 s after it all was
 * given back a request failed or a tier stored nothing, or when something had not run out at all.
 */
import { mkdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Redis } from 'ioredis'
import { withOwnFileSystem } from '../test/chaos/own-file-system.ts'
import { hugeDownloads, isUnknown, mixedRequests } from './rig/exhaustion-traffic.ts'
import { lastWords, Promises, type RunningProxy, s3At, startProxy } from './rig/failure-stage.ts'
import { seededRandom } from './rig/object-content.ts'
import { peakMemoryBytes } from './rig/proc-stat.ts'
import { fillDisk, openFiles, starveRedis, takeDescriptors } from './rig/scarcity.ts'
import { runScript } from './rig/script.ts'
import { findFreePort, probePort, startOrigin } from './rig/servers.ts'
import { Session, waitFor } from './rig/session.ts'
import { percentile } from './rig/summary.ts'
import { between, isGood, type Sample, statuses, timedLoad } from './rig/timed-load.ts'
import { WaitingCrowd } from './rig/waiting-crowd.ts'

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, rate: { type: 'string', default: '300' } },
})
const [seconds, rate] = [Number(values.seconds), Number(values.rate)]
const [calmMs, recoveryMs, afterMs, pollMs] = [8000, 10_000, 10_000, 100]
/** The disk tier may grow to far more than its file system has. */
const [memoryMb, diskMb, fileSystemMb] = [32, 1024, 192]
/** The memory tier, 48 MB for each of disk and Redis, 16 for the index of the disk, 48 for what comes from the origin: the huge downloads want 160. */
const budgetMb = 192
/** The budget, the program, what sockets have not taken, and garbage. */
const mostRssMb = 450
const [slowReaders, slowRestMs, spareDescriptors] = [40, 250, 24]

interface Scarcity {
  readonly fromMs: number
  readonly untilMs: number
  readonly turnedAway: number
  readonly slow: readonly Sample[]
  /** What the tiers could not do, by tier. */
  readonly failures: Readonly<Record<OuterTier, number>>
}

type OuterTier = 'disk' | 'redis'
const outerTiers: readonly OuterTier[] = ['disk', 'redis']

const session = new Session()
await runScript(session, main)
process.exit() // the clients of a proxy that ended would go on asking

async function main(): Promise<number> {
  const origin = await startOrigin(session)
  const redisPort = await findFreePort()
  const args = ['--port', `${redisPort}`, '--bind', '127.0.0.1', '--save', '', '--dir', session.folder]
  const redisServer = session.start('redis', session.cores.origin, 'redis-server', [...args, '--maxmemory', '256mb'])
  await waitFor(redisServer, () => probePort(redisPort))
  const admin = new Redis(redisPort, '127.0.0.1')
  const folder = `${session.folder}/cache`
  mkdirSync(folder)
  const config = configOf(origin.port, redisPort, folder)
  const proxy = await startProxy(session, config, [], withOwnFileSystem(folder, fileSystemMb))

  const next = mixedRequests(seededRandom(1))
  const calm = await timedLoad({ port: proxy.port, rate, untilMs: performance.now() + calmMs, next })
  tell('calm', calm)
  process.stdout.write(`${openFiles(proxy.started.pid)} descriptors\n`)

  const fromMs = performance.now() + 1000
  const untilMs = fromMs + seconds * 1000
  const run = Promise.all([
    timedLoad({ port: proxy.port, rate, untilMs: untilMs + recoveryMs + afterMs, next }),
    takeAll(proxy, admin, `/proc/${proxy.started.pid}/root${folder}`, fromMs, untilMs),
    untilStored(proxy, untilMs),
  ])
  const outcome = await Promise.race([run, proxy.started.exited])
  admin.disconnect()
  const promises = new Promises()
  const hasEnded = !Array.isArray(outcome)
  promises.check(!hasEnded, hasEnded ? `it ended with ${outcome}:\n${lastWords(proxy.started)}` : 'it is running')
  if (hasEnded) return promises.exitCode
  const [samples, scarcity, storedAgainMs] = outcome
  process.stdout.write(`${openFiles(proxy.started.pid)} descriptors\n`)
  judge(promises, proxy, [...calm, ...samples], scarcity, storedAgainMs)
  return promises.exitCode
}

function configOf(originPort: number, redisPort: number, folder: string): Record<string, unknown> {
  return {
    server: { request_timeout_seconds: 10, memory_budget_mb: budgetMb },
    cache: {
      enabled: true,
      cache_layers: ['memory', 'disk', 'redis'],
      memory: { max_cache_size_mb: memoryMb },
      disk: { enabled: true, cache_dir: folder, max_disk_cache_size_mb: diskMb },
      redis: { enabled: true, redis_url: `redis://127.0.0.1:${redisPort}`, operation_timeout_ms: 250 },
    },
    buckets: [{ name: 'bench', path_prefix: '/bucket', s3: s3At(`http://127.0.0.1:${originPort}`) }],
  }
}

/** The slow readers come a second before, so that there are descriptors for them. */
async function takeAll(
  proxy: RunningProxy,
  admin: Redis,
  cacheFolder: string,
  fromMs: number,
  untilMs: number,
): Promise<Scarcity> {
  const readers = new WaitingCrowd(proxy.port, slowReaders, hugeDownloads(), slowRestMs)
  await sleep(fromMs - performance.now())
  const before = await failuresOf(proxy)
  const [turnedAway] = await Promise.all([
    takeDescriptors({ pid: proxy.started.pid, port: proxy.port }, spareDescriptors, untilMs),
    fillDisk(cacheFolder, untilMs),
    starveRedis(admin, untilMs),
  ])
  const slow = await readers.leave()
  const after = await failuresOf(proxy)
  const failures = { disk: after.disk - before.disk, redis: after.redis - before.redis }
  return { fromMs, untilMs, turnedAway, slow, failures }
}

async function failuresOf({ metric }: RunningProxy): Promise<Scarcity['failures']> {
  const [disk = 0, redis = 0] = await Promise.all(
    outerTiers.map((tier) => metric('yatagarasu_cache_errors_total', `layer="${tier}"`)),
  )
  return { disk, redis }
}

/** For each tier, how long after `fromMs` it has stored something; infinite when it does not in time. */
async function untilStored(proxy: RunningProxy, fromMs: number): Promise<Readonly<Record<OuterTier, number>>> {
  await sleep(fromMs - performance.now())
  const stored = (tier: OuterTier) => proxy.metric('yatagarasu_cache_set_duration_seconds_count', `layer="${tier}"`)
  const [disk = 0, redis = 0] = await Promise.all(
    outerTiers.map(async (tier) => {
      let before: number | undefined
      for (; performance.now() < fromMs + recoveryMs + afterMs; await sleep(pollMs)) {
        const now = await stored(tier).catch(() => undefined) // no descriptor for this question yet
        if (now !== undefined && before !== undefined && now > before) return performance.now() - fromMs
        before ??= now
      }
      return Number.POSITIVE_INFINITY
    }),
  )
  return { disk, redis }
}

function judge(
  promises: Promises,
  { started }: RunningProxy,
  samples: readonly Sample[],
  { fromMs, untilMs, turnedAway, slow, failures }: Scarcity,
  storedAgainMs: Readonly<Record<OuterTier, number>>,
): void {
  const during = between(samples, fromMs, untilMs)
  const recovering = between(samples, untilMs, untilMs + recoveryMs)
  const after = between(samples, untilMs + recoveryMs, Number.POSITIVE_INFINITY)
  tell('scarcity', during)
  tell(
    'of these misses',
    during.filter(({ request }) => isUnknown(request)),
  )
  tell('slow readers', slow)
  tell('recovery', recovering)
  tell('after', after)

  const all = [...samples, ...slow]
  const wrong = all.filter(({ isWrong }) => isWrong).length
  promises.check(wrong === 0, `${wrong} answers of ${all.length} with wrong bytes`)
  const rssMb = peakMemoryBytes(started.pid) / 2 ** 20
  promises.check(rssMb > 0 && rssMb <= mostRssMb, `RSS up to ${rssMb.toFixed(0)} MB, bound ${mostRssMb}`)
  promises.check(turnedAway > 0, `${turnedAway} clients were turned away for want of descriptors`)
  for (const tier of outerTiers) promises.check(failures[tier] > 0, `${failures[tier]} operations failed: ${tier}`)
  const failedAtMs = recovering.findLast((sample) => !isGood(sample))?.atMs ?? untilMs
  const [failed, well] = [after.filter((sample) => !isGood(sample)).length, after.length - rate]
  promises.check(
    failed === 0 && well > 0,
    `${failed} of ${after.length} failed from ${recoveryMs / 1000} s after it on`,
  )
  process.stdout.write(`the last failure was ${((failedAtMs - untilMs) / 1000).toFixed(1)} s after it\n`)
  for (const tier of outerTiers) {
    const againMs = storedAgainMs[tier]
    promises.check(againMs <= recoveryMs, `${tier} stored again ${(againMs / 1000).toFixed(1)} s after it`)
  }
}

function tell(phase: string, samples: readonly Sample[]): void {
  const latencies = samples.map(({ tookMs }) => tookMs)
  const at = (share: number) => `${percentile(latencies, share).toFixed(1)} ms`
  if (samples.length === 0) return
  process.stdout.write(`${phase}: ${statuses(samples)}; p50 ${at(0.5)}, p99 ${at(0.99)}, longest ${at(1)}\n`)
}
