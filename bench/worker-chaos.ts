/**
 * Does a proxy of several threads keep its promises while threads end all the time? `node bench/worker-chaos.ts
 * [--seconds 300] [--seed N] [--workers 3]`: a random thread is terminated every 0.5 to 2 s and others throw, while objects
 * change and are purged and the config is reloaded. Exits 1 when one promise was broken.
 */
import { parseArgs } from 'node:util'
import { endureDeaths } from '../test/chaos/worker-deaths.ts'
import { Promises } from './rig/failure-stage.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '300' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    workers: { type: 'string', default: '3' },
  },
})
const options = { seconds: Number(values.seconds), seed: Number(values.seed), workers: Number(values.workers) }
process.stdout.write(`${JSON.stringify(options)}\n`)
const cleanups: (() => unknown)[] = []
try {
  const promises = new Promises()
  const findings = await endureDeaths({ after: (clean) => void cleanups.push(clean) }, options)
  for (const { holds, words } of findings) promises.check(holds, words)
  process.exitCode = promises.exitCode
} finally {
  for (const clean of cleanups) await clean()
}
