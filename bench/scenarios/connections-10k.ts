/** What do ten thousand clients cost that stay connected and each ask now and then? */
import { HttpConnection } from '../rig/http-connection.ts'
import { type CheckedRequest, pacedLoad, requestChecked, wholeObject } from '../rig/load.ts'
import { benchObject } from '../rig/object-content.ts'
import { defaultCache, loadMetrics, measure, type Sample, type Scenario, type Target } from '../rig/scenario.ts'
import { percentile } from '../rig/summary.ts'

const shape = { connections: 10_000, rate: 2_000, seconds: 10 }
const objects = Array.from({ length: 100 }, (_, index) => benchObject(1024, index + 1))
/** Few enough at once that no accept queue overflows. */
const openedAtOnce = 200

export const connections10k: Scenario = {
  name: 'connections-10k',
  question: 'What do 10,000 open connections cost, each of which asks now and then?',
  load:
    `${shape.connections} open connections; open loop, ${shape.rate} arrivals/s for 1 KiB objects, on each connection in ` +
    `turn, for ${shape.seconds} s after one request on each; every byte checked; peak RSS with all of them open`,
  cache: defaultCache,
  setup: { connections: shape.connections },
  run: runConnections,
}

async function runConnections(target: Target): Promise<Sample> {
  const { port, isTls } = target.server
  const opened: HttpConnection[] = []
  let turn = 0
  const next = (): CheckedRequest => wholeObject(objects[turn++ % objects.length] ?? benchObject(1024, 1))
  while (opened.length < shape.connections) {
    const lot = Array.from({ length: openedAtOnce }, () => new HttpConnection(port, { isTls, readBytes: 4_096 }))
    await Promise.all(lot.map((connection) => requestChecked(connection, next())))
    opened.push(...lot)
  }
  const [paced, usage] = await measure(target, () => pacedLoad({ port, isTls, ...shape, opened, next }))
  return {
    metrics: {
      ...loadMetrics(paced, usage),
      p50Ms: percentile(paced.latenciesMs, 0.5),
      p95Ms: percentile(paced.latenciesMs, 0.95),
      p99Ms: percentile(paced.latenciesMs, 0.99),
      clientLateMs: percentile(paced.lateMs, 0.99),
      peakRssMb: usage.peakMemoryBytes / 1e6,
      errors: paced.problems.length,
    },
    problems: paced.problems,
  }
}
