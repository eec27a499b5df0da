/**
 * Does one slow bucket slow the others? `node bench/slow-origin.ts [--clients 1000] [--slots 10000] [--pairs 5]`: so many
 * clients wait for a bucket whose S3 takes 2 s, while another bucket is asked 200 times a second, half of it misses. Turns
 * with and without these clients take turns. Exits 1 when the other bucket refused or failed a request, when its p50 with
 * them was more than 1.5 times that without (in the median of the pairs), or when a byte was wrong.
 */
import { parseArgs } from 'node:util'
import { FaultProxy } from '../test/support/fault-proxy.ts'
import { Promises, type RunningProxy, s3At, startProxy } from './rig/failure-stage.ts'
import { benchObject } from './rig/object-content.ts'
import { runScript } from './rig/script.ts'
import { startOrigin } from './rig/servers.ts'
import { Session } from './rig/session.ts'
import { median, percentile } from './rig/summary.ts'
import { isGood, type Sample, statuses, type TimedRequest, timedLoad } from './rig/timed-load.ts'
import { WaitingCrowd } from './rig/waiting-crowd.ts'

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '1000' },
    slots: { type: 'string' },
    pairs: { type: 'string', default: '5' },
  },
})
const [clients, pairs] = [Number(values.clients), Number(values.pairs)]
const [slowMs, turnSeconds, rate, mostRatio, size] = [2000, 5, 200, 1.5, 10 * 1024]
const hot = Array.from({ length: 100 }, (_, index) => benchObject(size, index + 1))
let [number, slowNumber] = [1000, 1_000_000]

const session = new Session()
await runScript(session, main)

async function main(): Promise<number> {
  const origin = await startOrigin(session)
  await using slow = await FaultProxy.open(origin)
  slow.use({ toClient: { delayMs: slowMs } })
  const proxy = await startProxy(session, {
    server: { ...(values.slots && { max_concurrent_requests: Number(values.slots) }) },
    cache: { enabled: true, memory: { max_cache_size_mb: 256 } },
    buckets: [
      { name: 'slow', path_prefix: '/slow', s3: s3At(slow.url) },
      { name: 'other', path_prefix: '/other', s3: s3At(`http://127.0.0.1:${origin.port}`) },
    ],
  })
  const [alone, beside, waiting]: [number[], number[], Sample[]] = [[], [], []]
  const samples: Sample[] = [...(await other(proxy))]
  for (let pair = 0; pair < pairs; pair += 1) {
    const control = await other(proxy)
    const crowd = new WaitingCrowd(proxy.port, clients, nextSlow)
    await crowd.untilWaiting(slowMs / 4)
    const loaded = await other(proxy)
    waiting.push(...(await crowd.leave()))
    while ((await proxy.metric('yatagarasu_active_requests')) > 0);
    samples.push(...control, ...loaded)
    alone.push(p50(control))
    beside.push(p50(loaded))
    process.stdout.write(`p50 alone ${alone.at(-1)?.toFixed(2)} ms, beside the slow ${beside.at(-1)?.toFixed(2)} ms\n`)
  }

  process.stdout.write(`other bucket: ${statuses(samples)}\nslow bucket: ${statuses(waiting)}\n`)
  const promises = new Promises()
  const failed = samples.filter((sample) => !isGood(sample)).length
  const wrong = [...samples, ...waiting].filter(({ isWrong }) => isWrong).length
  const ratio = median(beside.map((value, index) => value / (alone[index] ?? Number.NaN)))
  promises.check(wrong === 0, `${wrong} answers with wrong bytes`)
  promises.check(failed === 0, `${failed} of ${samples.length} requests to the other bucket were refused or failed`)
  promises.check(ratio <= mostRatio, `p50 beside the slow bucket is ${ratio.toFixed(2)} times that without it`)
  return promises.exitCode
}

function other({ port }: RunningProxy): Promise<Sample[]> {
  const next = () => {
    number += 1
    const object = number % 2 === 0 ? benchObject(size, number) : (hot[number % hot.length] ?? benchObject(size, 1))
    return { object, path: `/other/${object.name}` }
  }
  return timedLoad({ port, rate, untilMs: performance.now() + turnSeconds * 1000, next })
}

function nextSlow(): TimedRequest {
  slowNumber += 1
  const object = benchObject(size, slowNumber)
  return { object, path: `/slow/${object.name}` }
}

function p50(samples: readonly Sample[]): number {
  const latencies = samples.map(({ tookMs }) => tookMs)
  return percentile(latencies, 0.5)
}
