/** Ten thousand clients that stay: what do they cost, and how long does each wait? */
import type { Mix } from '../rig/mix.ts'
import { allLatencies, judgeRequests, MB } from './judgements.ts'

const [connections, rate, objectBytes, objects] = [10_000, 2000, 1024, 10_000]
/** One process of clients could be what is slow. */
const processes = 2

export const crowd: Mix = {
  name: 'crowd',
  question: `${connections} open connections, ${rate} requests/s for ${objects} objects of ${objectBytes} bytes by a zipf law (exponent 1), all of them cached`,
  seconds: 60,
  originLatencyMs: 0,
  cacheMb: 256,
  openFiles: 20_000,
  plans: (port, { seconds, scale }) =>
    Array.from({ length: processes }, (_, index) => ({
      kind: 'requests',
      port,
      from: `127.0.0.${index + 2}`,
      connections: Math.ceil((connections * scale) / processes),
      rate: (rate * scale) / processes,
      seconds,
      workload: { kind: 'zipf', size: objectBytes, objects, exponent: 1, seed: index + 1 },
      warmObjects: objects,
    })),
  judge(outcome, figures) {
    const result = judgeRequests(outcome, figures)
    figures.under('p95', allLatencies(result).percentile(0.95), 100, 'ms')
    figures.tell('p99', allLatencies(result).percentile(0.99), 'ms')
    figures.under('peak RSS', outcome.peakMemoryBytes / MB, 1024, 'MB')
  },
}
