/** What a hit and an insert cost in the shared memory tier, beside the memory tier of one process. One thread; CPU time. */

import type { RecordId } from '../../src/base/types.ts'
import { ArenaTier } from '../../src/cache/arena/arena-tier.ts'
import { createArena } from '../../src/cache/arena/layout.ts'
import { createMemoryTier } from '../../src/cache/memory-tier.ts'
import type { CacheTier } from '../../src/cache/tier.ts'
import { recordOf } from '../rig/zipf-streams.ts'

const mebibyte = 2 ** 20
const noEvents = { evicted: () => undefined }
const maxItemBytes = mebibyte

const makers: Record<string, (maxBytes: number) => CacheTier> = {
  shared: (maxBytes) => {
    const arena = createArena({ maxBytes, workers: 2, maxBuckets: 64, sliceBytes: mebibyte })
    return new ArenaTier({ arena, worker: 0, maxItemBytes }, noEvents)
  },
  s3gd: (maxBytes) => createMemoryTier({ maxBytes, maxItemBytes, eviction: 's3gd' }, noEvents),
}

/** The least of four rounds after one of warm-up, in CPU time: other processes may be at work. */
function cpuNs(times: number, run: (index: number) => void): number {
  let least = Number.POSITIVE_INFINITY
  let index = 0
  for (let round = 0; round < 5; round++) {
    const before = process.cpuUsage()
    for (let time = 0; time < times; time++) run(index++)
    const { user, system } = process.cpuUsage(before)
    if (round > 0) least = Math.min(least, ((user + system) * 1000) / times)
  }
  return Math.round(least)
}

const idOf = (index: number) => `media:films/2026/${index}/poster.jpg` as RecordId

for (const size of [1024, 102_400]) {
  const record = recordOf(size)
  const hot = Array.from({ length: 1000 }, (_, index) => idOf(index))
  for (const [name, make] of Object.entries(makers)) {
    const roomy = make(256 * mebibyte)
    for (const id of hot) void roomy.put(id, record)
    const times = size > 10_000 ? 5000 : 50_000
    const copied = cpuNs(times, (index) => void roomy.getNow?.(hot[index % hot.length] as RecordId))
    const lent =
      roomy instanceof ArenaTier
        ? cpuNs(times, (index) => roomy.lendNow(hot[index % hot.length] as RecordId)?.release())
        : undefined
    const tight = make(64 * mebibyte)
    const put = cpuNs(size > 10_000 ? 2000 : 40_000, (index) => {
      // A body of its own for each, as it comes from an origin.
      void tight.put(idOf(index), { ...record, body: new Uint8Array(size) } as typeof record)
    })
    console.log(
      `${size} B, ${name}: getNow ${copied} ns, ${lent === undefined ? '' : `lend ${lent} ns, `}put with eviction ${put} ns`,
    )
  }
}
