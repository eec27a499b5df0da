/**
 * Does a replica take over when the first one dies, and give back when it returns? `node bench/failover.ts [--rate 500]
 * [--replicas 2]`: every request is a miss. 5 s with all of them; then all but the last are killed, for 10 s; then they
 * return. Exits 1 when, from 5 s after, a request failed or went elsewhere than to the last one, when 1 % failed over the
 * change, when the first one has not its traffic back within 10 s of its return, or when a byte was wrong.
 */
import { loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { MortalOrigin, Promises, s3At, startProxy } from './rig/failure-stage.ts'
import { benchObject } from './rig/object-content.ts'
import { runScript } from './rig/script.ts'
import { findFreePort } from './rig/servers.ts'
import { Session } from './rig/session.ts'
import { percentile } from './rig/summary.ts'
import { between, isGood, type Sample, statuses, timedLoad } from './rig/timed-load.ts'

const { values } = parseArgs({
  options: { rate: { type: 'string', default: '500' }, replicas: { type: 'string', default: '2' } },
})
const [rate, replicaCount] = [Number(values.rate), Number(values.replicas)]
const [beforeMs, deadMs, settleMs, returnMs, afterMs] = [5000, 10_000, 5000, 10_000, 5000]
const [mostErrors, pollMs, warmUpMs] = [0.01, 100, 5000]
/** One in a hundred has three slices, so that some are half read when their origin dies. */
const [smallBytes, largeBytes, largeEvery] = [10 * 1024, 2_500_000, 100]

interface Reading {
  readonly atMs: number
  /** By replica; undefined while it is dead. */
  readonly requests: readonly (number | undefined)[]
}

const session = new Session()
await runScript(session, main)

async function main(): Promise<number> {
  const origins: MortalOrigin[] = []
  for (let index = 1; index <= replicaCount; index += 1) {
    const origin = new MortalOrigin(session, `replica-${index}`, await findFreePort())
    await origin.start()
    origins.push(origin)
  }
  const proxy = await startProxy(session, configOf(origins))
  let number = 0
  const next = () => {
    number += 1
    const object = benchObject(number % largeEvery === 0 ? largeBytes : smallBytes, number)
    return { object, path: `/bucket/${object.name}` }
  }

  process.stdout.write(`load average ${loadavg()[0]?.toFixed(1)} before the run\n`)
  await timedLoad({ port: proxy.port, rate: rate / 5, untilMs: performance.now() + warmUpMs, next })
  const startMs = performance.now()
  const [killMs, backMs] = [startMs + beforeMs, startMs + beforeMs + deadMs]
  const endMs = backMs + returnMs + afterMs
  const [samples, readings, returned] = await Promise.all([
    timedLoad({ port: proxy.port, rate, untilMs: endMs, next }),
    watch(origins, endMs),
    killAndReturn(origins.slice(0, -1), killMs, backMs),
  ])

  const phases = { before: [startMs, killMs], change: [killMs, killMs + settleMs], dead: [killMs + settleMs, backMs] }
  for (const [name, [from, until]] of Object.entries({ ...phases, return: [backMs, endMs] })) {
    tell(name, between(samples, from ?? 0, until ?? 0))
  }
  for (const name of ['origin_failovers_total', 'origin_retries_total']) {
    process.stdout.write(`${name} ${await proxy.metric(`yatagarasu_${name}`)}\n`)
  }
  return judge(samples, readings, { killMs, backMs: returned, endMs })
}

function configOf(origins: readonly MortalOrigin[]): Record<string, unknown> {
  const replicas = origins.map(({ name, endpoint }, index) => ({ name, priority: index + 1, ...s3At(endpoint) }))
  return {
    cache: { enabled: true, memory: { max_cache_size_mb: 64 } },
    buckets: [{ name: 'bench', path_prefix: '/bucket', s3: { replicas } }],
  }
}

/** Gives the moment when they answered again. */
async function killAndReturn(origins: readonly MortalOrigin[], killMs: number, backMs: number): Promise<number> {
  await sleep(Math.max(0, killMs - performance.now()))
  await Promise.all(origins.map((origin) => origin.kill()))
  await sleep(Math.max(0, backMs - performance.now()))
  await Promise.all(origins.map((origin) => origin.start()))
  return performance.now()
}

async function watch(origins: readonly MortalOrigin[], untilMs: number): Promise<Reading[]> {
  const readings: Reading[] = []
  while (performance.now() < untilMs) {
    readings.push({ atMs: performance.now(), requests: await Promise.all(origins.map((origin) => origin.requests())) })
    await sleep(pollMs)
  }
  return readings
}

interface Moments {
  readonly killMs: number
  readonly backMs: number
  readonly endMs: number
}

function judge(samples: readonly Sample[], readings: readonly Reading[], { killMs, backMs, endMs }: Moments): number {
  const promises = new Promises()
  const settledMs = killMs + settleMs
  const dead = between(samples, settledMs, killMs + deadMs)
  const byLast = growth(readings, replicaCount - 1, settledMs, killMs + deadMs)
  const failed = (some: readonly Sample[]) => some.filter((sample) => !isGood(sample)).length
  const [aroundDeath, aroundReturn] = [between(samples, killMs, settledMs), between(samples, backMs, endMs)]
  const wrong = samples.filter(({ isWrong }) => isWrong).length
  const share = failed(aroundDeath) / aroundDeath.length
  const ownMs = timeUntilOwn(readings, backMs)
  promises.check(wrong === 0, `${wrong} answers of ${samples.length} with wrong bytes`)
  promises.check(share < mostErrors, `${(share * 100).toFixed(2)} % failed in the ${settleMs / 1000} s after the death`)
  promises.check(failed(dead) === 0, `${failed(dead)} of ${dead.length} failed from then on`)
  // Large objects are asked for once each here; readings and requests are up to a poll apart.
  promises.check(byLast >= dead.length * 0.95, `the last replica had ${byLast} of these ${dead.length}`)
  promises.check(
    failed(aroundReturn) === 0,
    `${failed(aroundReturn)} of ${aroundReturn.length} failed after the return`,
  )
  promises.check(
    ownMs <= returnMs,
    `the first replica has its traffic back ${(ownMs / 1000).toFixed(1)} s after its return`,
  )
  return promises.exitCode
}

function growth(readings: readonly Reading[], replica: number, fromMs: number, untilMs: number): number {
  const within = readings.filter(({ atMs }) => atMs >= fromMs && atMs < untilMs)
  return (within.at(-1)?.requests[replica] ?? 0) - (within[0]?.requests[replica] ?? 0)
}

/** Until the start of the first second in which the first replica had nine tenths of the load. */
function timeUntilOwn(readings: readonly Reading[], backMs: number): number {
  for (const { atMs, requests } of readings) {
    const later = readings.find((other) => other.atMs >= atMs + 1000)
    if (atMs < backMs || later === undefined) continue
    const seconds = (later.atMs - atMs) / 1000
    if ((later.requests[0] ?? 0) - (requests[0] ?? 0) >= rate * seconds * 0.9) return atMs - backMs
  }
  return Number.POSITIVE_INFINITY
}

function tell(phase: string, samples: readonly Sample[]): void {
  const latencies = samples.map(({ tookMs }) => tookMs)
  const at = (share: number) => `${percentile(latencies, share).toFixed(1)} ms`
  process.stdout.write(`${phase}: ${statuses(samples)}; p50 ${at(0.5)}, p99 ${at(0.99)}, longest ${at(1)}\n`)
}
