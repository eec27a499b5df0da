/**
 * Opens a cache folder as the proxy does: `reader.ts FOLDER COUNT`. Prints, as JSON: milliseconds until it serves and until
 * everything is known, what the index costs in memory, and how many of 1,000 records it was asked for it had.
 */
import { openDiskTier } from '../../src/cache/disk-tier.ts'
import { objectId, tierOptions, tierPorts } from './records.ts'
import { watchTurns } from './turns.ts'

const [folder = '', count = ''] = process.argv.slice(2)
const samples = 1000

const before = settledMemory()
const startedAt = performance.now()
const tier = await openDiskTier(tierOptions(folder), tierPorts)
let found = 0
const lookUp = async () => {
  found = 0
  for (let sample = 0; sample < samples; sample++) {
    const index = Math.floor((sample * Number(count)) / samples)
    if ((await tier.get(objectId(index)))?.kind === 'object') found += 1
  }
}
const servesMs = performance.now() - startedAt
const longestTurnMs = watchTurns()
await tier.recovered
const recoveredMs = performance.now() - startedAt
const longestMs = longestTurnMs()
const memoryBytes = settledMemory() - before
await lookUp()
const { items, bytes } = tier.usage()
process.stdout.write(`${JSON.stringify({ servesMs, recoveredMs, longestMs, memoryBytes, items, bytes, found })}\n`)
await tier.close()

/** Heap and what hangs on it outside, after a collection. */
function settledMemory(): number {
  globalThis.gc?.()
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
