/**
 * What do clients notice, and what does S3 bear, while S3 answers half of everything with 500? `node bench/storm.ts
 * [--seconds 60] [--rate 400] [--failing 0.5]`: nine in ten requests are for objects that are in the cache, fresh for a
 * second, and may be stale on error; one in ten is a miss. When a smaller share fails, the breaker stays closed, and it is
 * the retries that are held to their bound. Exits 1 when 1 % of the cached ones failed, when S3 was asked more than 1.1
 * times as often as there were misses, or when a byte was wrong.
 */
import { parseArgs } from 'node:util'
import { FaultProxy } from '../test/support/fault-proxy.ts'
import { seededRandom } from '../test/support/faults.ts'
import { Promises, s3At, startProxy } from './rig/failure-stage.ts'
import { benchObject } from './rig/object-content.ts'
import { runScript } from './rig/script.ts'
import { startOrigin } from './rig/servers.ts'
import { Session } from './rig/session.ts'
import { percentile } from './rig/summary.ts'
import { isGood, type Sample, statuses, timedLoad } from './rig/timed-load.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    rate: { type: 'string', default: '400' },
    failing: { type: 'string', default: '0.5' },
  },
})
const [seconds, rate, failing] = [Number(values.seconds), Number(values.rate), Number(values.failing)]
const [mostErrors, mostLoad] = [0.01, 1.1]
const [calmSeconds, coldEvery, size] = [5, 10, 10 * 1024]
const cached = Array.from({ length: 100 }, (_, index) => benchObject(size, index + 1))
const body = '<?xml version="1.0"?><Error><Code>InternalError</Code><Message>InternalError</Message></Error>'
const internalError = `HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/xml\r\nContent-Length: ${body.length}\r\n\r\n${body}`

const session = new Session()
await runScript(session, main)

async function main(): Promise<number> {
  const origin = await startOrigin(session)
  await using way = await FaultProxy.open(origin)
  const proxy = await startProxy(session, {
    cache: {
      enabled: true,
      memory: { max_cache_size_mb: 256, default_ttl_seconds: 1 },
      respect_origin: false,
      stale_if_error_seconds: 3600,
    },
    buckets: [{ name: 'bench', path_prefix: '/bucket', s3: s3At(way.url) }],
  })
  /** What came to S3, whoever answered it. */
  const asked = async () => (await origin.traffic()).requests + way.counts.replies
  let turn = 0
  const next = () => {
    turn += 1
    const object =
      turn % coldEvery === 0 ? benchObject(size, 1000 + turn) : (cached[turn % cached.length] ?? benchObject(size, 1))
    return { object, path: `/bucket/${object.name}` }
  }
  const load = (forSeconds: number) =>
    timedLoad({ port: proxy.port, rate, untilMs: performance.now() + forSeconds * 1000, next })

  tell('calm', await load(calmSeconds))
  const before = await asked()
  const random = seededRandom(1)
  way.strike({ reply: () => (random() < failing ? internalError : undefined) })
  const samples = await load(seconds)
  const originLoad = (await asked()) - before
  await way.heal()
  const [warm, cold] = [samples.filter(isWarm), samples.filter((sample) => !isWarm(sample))]
  tell('cached', warm)
  tell('misses', cold)
  for (const name of ['origin_retries_total', 'circuit_breaker_state']) {
    process.stdout.write(`${name} ${await proxy.metric(`yatagarasu_${name}`)}\n`)
  }

  const promises = new Promises()
  const offered = samples.filter(needsOrigin).length
  const share = warm.filter((sample) => !isGood(sample)).length / warm.length
  const wrong = samples.filter(({ isWrong }) => isWrong).length
  promises.check(wrong === 0, `${wrong} answers of ${samples.length} with wrong bytes`)
  promises.check(share < mostErrors, `${(share * 100).toFixed(2)} % of what was cached failed`)
  const times = (originLoad / offered).toFixed(2)
  promises.check(
    originLoad <= offered * mostLoad,
    `S3 was asked ${originLoad} times for ${offered} misses: ${times} times`,
  )
  return promises.exitCode
}

function isWarm({ request }: Sample): boolean {
  return cached.includes(request.object)
}

/** Not answered from a fresh copy, nor by waiting for another request's answer. */
function needsOrigin({ words }: Sample): boolean {
  return !/\r\nX-Cache: *HIT\r\n/i.test(words) && !/\r\nCache-Status:[^\r]*collapsed/i.test(words)
}

function tell(phase: string, samples: readonly Sample[]): void {
  const latencies = samples.map(({ tookMs }) => tookMs)
  const at = (share: number) => `${percentile(latencies, share).toFixed(1)} ms`
  process.stdout.write(`${phase}: ${statuses(samples)}; p50 ${at(0.5)}, p99 ${at(0.99)}, longest ${at(1)}\n`)
}
