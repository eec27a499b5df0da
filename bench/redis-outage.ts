/**
 * What do clients notice when Redis is killed under load and comes back? `node bench/redis-outage.ts [--rate N]`: 5 s with
 * it, 5 s without it, 5 s with it again; open loop, every byte checked. Exits 1 when a request failed.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type LoadResult, pacedLoad, wholeObject } from './rig/load.ts'
import { benchObject } from './rig/object-content.ts'
import { runScript } from './rig/script.ts'
import { findFreePort, probePort, readAddresses, startOrigin } from './rig/servers.ts'
import { Session, type Started, waitFor } from './rig/session.ts'
import { percentile } from './rig/summary.ts'

const { values } = parseArgs({ options: { rate: { type: 'string', default: '500' } } })
const rate = Number(values.rate)
const phaseSeconds = 5
const deadlineMs = 250
const objects = Array.from({ length: 200 }, (_, index) => wholeObject(benchObject(10 * 1024, index + 1)))
const session = new Session()
await runScript(session, main)

async function main(): Promise<number> {
  const origin = await startOrigin(session)
  const redisPort = await findFreePort()
  const redis = await startRedis(redisPort)
  const config = join(import.meta.dirname, 'rig', 'yatagarasu-redis.yaml')
  const command = [join(import.meta.dirname, '..', 'src', 'main.ts'), 'serve', '--config', config]
  const words = { REDIS_PORT: `${redisPort}`, ORIGIN_PORT: `${origin.port}`, DEADLINE_MS: `${deadlineMs}` }
  const proxy = session.start('yatagarasu', session.cores.server, process.execPath, command, words)
  const { main: url, metrics } = await waitFor(proxy, () => readAddresses(proxy))
  const port = Number(new URL(url).port)

  await load(port, 1)
  const before = await load(port, phaseSeconds)
  process.kill(redis.pid, 'SIGKILL')
  await redis.exited
  const during = await load(port, phaseSeconds)
  const hitsBefore = await redisHits(metrics)
  await startRedis(redisPort)
  const [after, hitAgainMs] = await Promise.all([load(port, phaseSeconds), waitForHit(metrics, hitsBefore)])

  say('with Redis', before)
  say(`without (deadline ${deadlineMs} ms)`, during)
  say('with Redis again', after)
  const hitAgain = hitAgainMs === undefined ? 'not' : `${(hitAgainMs / 1000).toFixed(2)} s`
  process.stdout.write(`hits from Redis again after ${hitAgain}\n`)
  const problems = [before, during, after].flatMap((result) => result.problems)
  for (const problem of problems) process.stderr.write(`FAILED ${problem}\n`)
  return problems.length === 0 && hitAgainMs !== undefined ? 0 : 1
}

function load(port: number, seconds: number): Promise<LoadResult> {
  let turn = 0
  const next = () => objects[turn++ % objects.length] ?? wholeObject(benchObject(1, 1))
  return pacedLoad({ port, connections: 200, seconds, rate, next })
}

async function startRedis(port: number): Promise<Started> {
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', session.folder]
  const redis = session.start('redis', session.cores.origin, 'redis-server', args)
  await waitFor(redis, () => probePort(port))
  return redis
}

async function redisHits(metrics: string): Promise<number> {
  const text = await (await fetch(`${metrics}/metrics`)).text()
  const counts = text.matchAll(/^yatagarasu_cache_hits_total\{.*layer="redis".*\} (\d+)$/gm)
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0)
}

/** Milliseconds from now until one more hit is counted. */
async function waitForHit(metrics: string, known: number): Promise<number | undefined> {
  const startedAt = performance.now()
  while (performance.now() - startedAt < phaseSeconds * 1000) {
    if ((await redisHits(metrics)) > known) return performance.now() - startedAt
    await sleep(50)
  }
  return undefined
}

function say(phase: string, { requests, problems, latenciesMs }: LoadResult): void {
  const at = (share: number) => `${percentile(latenciesMs, share).toFixed(1)} ms`
  const text = `${requests} requests, ${problems.length} failed, p50 ${at(0.5)}, p99 ${at(0.99)}, longest ${at(1)}`
  process.stdout.write(`${phase}: ${text}\n`)
}
