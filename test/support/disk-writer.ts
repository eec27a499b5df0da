/**
 * A process that uses a cache folder without end, for tests that kill it.
 *
 *   node test/support/disk-writer.ts <folder> <maxBytes> <seed>
 *
 * Prints a line when the tier is open, and one after every few operations.
 */
import { systemClock } from '../../src/base/clock.ts'
import { openDiskTier } from '../../src/cache/disk-tier.ts'
import { idOf } from './cache-records.ts'
import { versionOf } from './versioned-records.ts'

const [folder = '', maxBytes = '', seed = ''] = process.argv.slice(2)
const objects = 300
const operationsPerLine = 20
const atATime = 8

const events = {
  evicted: () => undefined,
  failed: (_tier: string, operation: string, error: unknown) => process.stderr.write(`${operation}: ${error}\n`),
}
const options = { folder, maxBytes: Number(maxBytes), uselessAfter: () => undefined }
const tier = await openDiskTier(options, { clock: systemClock, events, purges: { remembered: () => undefined } })
process.stdout.write('open\n')

let state = Number(seed)
/** A linear congruential generator (Numerical Recipes): the same operations for the same seed. */
const below = (bound: number): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return Math.floor((state / 2 ** 32) * bound)
}

async function operate(): Promise<never> {
  for (let done = 1; ; done++) {
    const object = `${below(objects)}`
    if (below(10) === 0) await tier.remove(idOf(object))
    else await tier.put(idOf(object), versionOf(object, below(1e6)))
    if (done % operationsPerLine === 0) process.stdout.write(`${done}\n`)
  }
}
await Promise.all(Array.from({ length: atATime }, operate))
