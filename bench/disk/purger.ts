/**
 * Opens a cache folder and purges: `purger.ts FOLDER COUNT`. A thousandth by prefix, another by tag, a hundred objects one
 * after the other, and everything. Prints, as JSON, for each: how many records went, in how many milliseconds, and the longest
 * turn of the event loop meanwhile.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { CacheKey } from '../../src/cache/cache-key.ts'
import { openDiskTier } from '../../src/cache/disk-tier.ts'
import { everything, type Scope } from '../../src/cache/scope.ts'
import { objectId, tagOf, tierOptions, tierPorts } from './records.ts'
import { watchTurns } from './turns.ts'

const [folder = '', count = ''] = process.argv.slice(2)
const objects = 100

const tier = await openDiskTier(tierOptions(folder), tierPorts)
await tier.recovered
const purged = {
  prefix: await measured([{ kind: 'prefix', start: CacheKey.start('bench', 'images/7/') }]),
  tag: await measured([{ kind: 'tag', tag: tagOf(8) }]),
  objects: await measured(
    Array.from({ length: objects }, (_, at) => ({ kind: 'object', id: objectId((at * Number(count)) / objects + 9) })),
  ),
  everything: await measured([everything]),
}
const startedAt = performance.now()
const longestTurnMs = watchTurns()
await tier.close()
const closed = { tookMs: performance.now() - startedAt, longestMs: longestTurnMs() }
process.stdout.write(`${JSON.stringify({ purged, closed })}\n`)

async function measured(scopes: readonly Scope[]) {
  await nextTurn()
  const begunAt = performance.now()
  const longest = watchTurns()
  let entries = 0
  for (const scope of scopes) entries += (await tier.clear(scope)).entries
  return { entries, tookMs: performance.now() - begunAt, longestMs: longest() }
}
