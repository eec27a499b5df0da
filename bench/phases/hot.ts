/** Nine in ten requests are hits, and the cache holds less than what is asked for: how quick are both kinds? */
import { LatencyHistogram } from '../rig/latency-histogram.ts'
import type { Mix } from '../rig/mix.ts'
import { allLatencies, judgeRequests } from './judgements.ts'

const [connections, rate, objectBytes, originLatencyMs] = [1000, 1000, 10 * 1024, 50]
const [objects, exponent, warmObjects, cacheMb] = [20_000, 1, 10_000, 128]

export const hot: Mix = {
  name: 'hot',
  question: `${connections} connections, ${rate} requests/s for ${objects} objects of ${objectBytes} bytes by a zipf law (exponent ${exponent}), a cache of ${cacheMb} MB that has seen the first ${warmObjects}; the origin takes ${originLatencyMs} ms`,
  seconds: 60,
  originLatencyMs,
  cacheMb,
  plans: (port, { seconds, scale }) => [
    {
      kind: 'requests',
      port,
      from: '127.0.0.2',
      connections: Math.ceil(connections * scale),
      rate: rate * scale,
      seconds,
      workload: { kind: 'zipf', size: objectBytes, objects, exponent, seed: 1 },
      warmObjects,
    },
  ],
  judge(outcome, figures) {
    const result = judgeRequests(outcome, figures)
    const [hits, misses] = [LatencyHistogram.of(result.hitMs), LatencyHistogram.of(result.missMs)]
    figures.atLeast('hits', (hits.count / (hits.count + misses.count)) * 100, 90, '%')
    figures.under('p95 of hits', hits.percentile(0.95), 50, 'ms')
    figures.under('p95 of misses', misses.percentile(0.95), 200, 'ms')
    figures.tell('p99 of all', allLatencies(result).percentile(0.99), 'ms')
  },
}
