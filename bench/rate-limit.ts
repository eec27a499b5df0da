/**
 * How exact are rate limits? `node bench/rate-limit.ts [--seconds N]` asks 1,000 times a second, one process by itself and
 * two processes through Redis, and compares what passes with what the limit says. Exits 1 when it is off by more than 2 %.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { systemClock } from '../src/base/clock.ts'
import { systemRandom } from '../src/base/random.ts'
import { createLocalLimiter } from '../src/limits/local-limiter.ts'
import type { LimitAlgorithm } from '../src/limits/quota.ts'
import type { Limit, RateLimiter } from '../src/limits/rate-limiter.ts'
import { createRedisLimiter } from '../src/limits/redis-limiter.ts'
import { findFreePort, probePort } from './rig/servers.ts'
import { Session, waitFor } from './rig/session.ts'

const algorithms = ['token_bucket', 'sliding_window'] as const
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    /** Set for the processes this one starts. */
    redis: { type: 'string' },
    algorithm: { type: 'string', default: 'token_bucket' },
  },
})
const seconds = Number(values.seconds)
const asksPerSecond = 1000
const tolerance = 0.02
const limit: Limit = { scope: 'global', bucket: '', rate: { requestsPerSecond: 500, burst: 100 } }

interface Passed {
  readonly asked: number
  readonly passed: number
  /** When the first and the last one asked, by the wall clock that all processes share. */
  readonly firstMs: number
  readonly lastMs: number
}

if (values.redis === undefined) process.exitCode = await main()
else await askThroughRedis(values.redis, algorithms.find((name) => name === values.algorithm) ?? 'token_bucket')

async function main(): Promise<number> {
  const session = new Session()
  const results: boolean[] = []
  try {
    for (const algorithm of algorithms) {
      results.push(judge(`${algorithm}, one process`, algorithm, [await ask(createLocal(algorithm))]))
      results.push(judge(`${algorithm}, two through Redis`, algorithm, await askTwice(session, algorithm)))
    }
  } finally {
    await session.close()
  }
  return results.every(Boolean) ? 0 : 1
}

async function askTwice(session: Session, algorithm: LimitAlgorithm): Promise<readonly Passed[]> {
  const port = await findFreePort()
  const { origin, client, server } = session.cores
  const settings = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--dir', session.folder]
  const redis = session.start('redis', origin, 'redis-server', settings)
  await waitFor(redis, () => probePort(port))
  const words = [join(import.meta.dirname, 'rate-limit.ts'), '--redis', `redis://127.0.0.1:${port}`]
  const args = [...words, '--algorithm', algorithm, '--seconds', `${seconds}`]
  const runs = [client, server].map((core, index) => session.run(`asker-${index}`, core, process.execPath, args))
  const outputs = await Promise.all(runs)
  await session.stop(redis)
  return outputs.map((output) => JSON.parse(output) as Passed)
}

async function askThroughRedis(url: string, algorithm: LimitAlgorithm): Promise<void> {
  const connection = Promise.withResolvers<void>()
  let isLocal = false
  const events = {
    connected: connection.resolve,
    lost: () => undefined,
    fallback: () => {
      isLocal = true
    },
  }
  const redis = { urls: [url], db: 0, poolSize: 2, connectTimeoutMs: 5000, operationTimeoutMs: 250 }
  const ports = { clock: systemClock, random: systemRandom, events, local: createLocal(algorithm) }
  const limiter = createRedisLimiter({ algorithm, windowMs: 1000, redis, keyPrefix: 'bench:' }, ports)
  await connection.promise
  const passed = await ask(limiter)
  await limiter.close()
  if (isLocal) throw new Error('redis was not fast enough for this to say anything')
  process.stdout.write(JSON.stringify(passed))
}

function createLocal(algorithm: LimitAlgorithm): RateLimiter {
  return createLocalLimiter({ algorithm, windowMs: 1000 }, { clock: systemClock, random: systemRandom })
}

async function ask(limiter: RateLimiter): Promise<Passed> {
  const startMs = performance.now()
  const asked: Promise<boolean>[] = []
  const firstMs = Date.now()
  const askOnce = async () => (await limiter.charge([{ limit, who: '' }])).kind === 'allowed'
  while (asked.length < seconds * asksPerSecond) {
    const due = ((performance.now() - startMs) / 1000) * asksPerSecond
    while (asked.length < Math.min(due, seconds * asksPerSecond)) asked.push(askOnce())
    await sleep(1)
  }
  const passed = (await Promise.all(asked)).filter(Boolean).length
  return { asked: asked.length, passed, firstMs, lastMs: Date.now() }
}

function judge(what: string, algorithm: LimitAlgorithm, runs: readonly Passed[]): boolean {
  const sum = (of: (run: Passed) => number) => runs.reduce((total, run) => total + of(run), 0)
  const elapsedMs = Math.max(...runs.map((run) => run.lastMs)) - Math.min(...runs.map((run) => run.firstMs))
  const { requestsPerSecond, burst } = limit.rate
  // The first window is filled at once, and then waited for: that is the rate, and no burst beside it.
  const expected = (requestsPerSecond * elapsedMs) / 1000 + (algorithm === 'token_bucket' ? burst : 0)
  const passed = sum((run) => run.passed)
  const off = passed / expected - 1
  const isGood = Math.abs(off) <= tolerance
  const figures = `${passed} of ${sum((run) => run.asked)} passed, ${expected.toFixed(0)} expected`
  process.stdout.write(`${what}: ${figures}, ${(off * 100).toFixed(2)} %: ${isGood ? 'good' : 'FAILED'}\n`)
  return isGood
}
