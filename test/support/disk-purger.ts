/**
 * A process that fills a cache folder and purges a part of it, again and again, for tests that kill it.
 *
 *   node test/support/disk-purger.ts <folder>
 *
 * Prints a line when the tier is open, and the time of each purge as soon as that is done.
 */
import { systemClock } from '../../src/base/clock.ts'
import { CacheKey } from '../../src/cache/cache-key.ts'
import { openDiskTier } from '../../src/cache/disk-tier.ts'
import { idOf, objectOf } from './cache-records.ts'

const [folder = ''] = process.argv.slice(2)
const objects = 60

const events = {
  evicted: () => undefined,
  failed: (_tier: string, operation: string, error: unknown) => process.stderr.write(`${operation}: ${error}\n`),
}
const options = { folder, maxBytes: 2 ** 24, uselessAfter: () => undefined }
const tier = await openDiskTier(options, { clock: systemClock, events, purges: { remembered: () => undefined } })
process.stdout.write('open\n')

for (let round = 0; ; round++) {
  const puts = Array.from({ length: objects }, async (_, at) => {
    for (const start of ['purged', 'kept']) {
      const head = { requestedAt: systemClock.now(), tags: [start] }
      await tier.put(idOf(`${start}/${at}`), objectOf(`${at}`.repeat(500), head))
    }
  })
  await Promise.all(puts.slice(0, objects / 2)) // the others are on their way
  const at = systemClock.now()
  const scope =
    round % 2 === 0
      ? ({ kind: 'prefix', start: CacheKey.start('media', 'purged/') } as const)
      : ({ kind: 'tag', tag: 'purged' } as const)
  await tier.keep({ id: `${round}`, scope, at, kind: 'hard' })
  await tier.clear(scope)
  process.stdout.write(`${at}\n`)
  await Promise.all(puts)
}
