/** Nothing is in the cache: does the pool towards S3 keep up, and do misses stay quick? */

import type { Mix } from '../rig/mix.ts'
import { allLatencies, judgeRequests } from './judgements.ts'

const [connections, rate, objectBytes, originLatencyMs] = [1000, 500, 10 * 1024, 50]

export const cold: Mix = {
  name: 'cold',
  question: `${connections} connections, ${rate} requests/s, each for another object of ${objectBytes} bytes; the origin takes ${originLatencyMs} ms`,
  seconds: 60,
  originLatencyMs,
  cacheMb: 64,
  plans: (port, { seconds, scale }) => [
    {
      kind: 'requests',
      port,
      from: '127.0.0.2',
      connections: Math.ceil(connections * scale),
      rate: rate * scale,
      seconds,
      workload: { kind: 'unique', size: objectBytes, from: 1000 },
      warmObjects: 1,
    },
  ],
  judge(outcome, figures) {
    const result = judgeRequests(outcome, figures)
    const { all, overOneSecond, seconds } = outcome.poolWaits
    figures.atMost('failed requests', result.errors, 0)
    figures.atLeast('origin requests for each request', outcome.origin.requests / result.requests, 1)
    figures.under('p95', allLatencies(result).percentile(0.95), 200, 'ms')
    figures.tell('p99', allLatencies(result).percentile(0.99), 'ms')
    figures.tell('mean wait for a connection to the origin', (seconds / all) * 1000, 'ms')
    figures.atMost('waits for a connection to the origin above 1 s', overOneSecond, 0)
  },
}
