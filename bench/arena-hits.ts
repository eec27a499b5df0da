/**
 * What the shared memory tier finds of a stream of requests, beside the memory tier of one process: equal bounds, real
 * records, seeded streams. The shared tier counts its index and everything else in the bound; the other one what records are
 * estimated to cost. `node bench/arena-hits.ts [MIB…]`
 */

import { ArenaTier } from '../src/cache/arena/arena-tier.ts'
import { createArena } from '../src/cache/arena/layout.ts'
import { createMemoryTier } from '../src/cache/memory-tier.ts'
import type { CacheTier } from '../src/cache/tier.ts'
import { type Request, recordOf, type Stream, streams } from './rig/zipf-streams.ts'

const mebibyte = 2 ** 20
const maxItemBytes = mebibyte
const noEvents = { evicted: () => undefined }

const tiers: Record<string, (maxBytes: number) => CacheTier> = {
  shared: (maxBytes) =>
    new ArenaTier(
      { arena: createArena({ maxBytes, workers: 2, maxBuckets: 64, sliceBytes: mebibyte }), worker: 0, maxItemBytes },
      noEvents,
    ),
  s3gd: (maxBytes) => createMemoryTier({ maxBytes, maxItemBytes, eviction: 's3gd' }, noEvents),
  lru: (maxBytes) => createMemoryTier({ maxBytes, maxItemBytes, eviction: 'lru' }, noEvents),
}

interface Outcome {
  readonly objects: number
  readonly bytes: number
  readonly seconds: number
  readonly usage: number
  readonly moved: number
}

function replay(tier: CacheTier, requests: Iterable<Request>, warmUp: number): Outcome {
  const start = performance.now()
  let [seen, hits, bytes, hitBytes, index] = [0, 0, 0, 0, 0]
  for (const request of requests) {
    const isHit = tier instanceof ArenaTier ? hasHit(tier, request) : tier.getNow?.(request.id) !== undefined
    if (!isHit) void tier.put(request.id, recordOf(request.size))
    if (index++ < warmUp) continue
    seen += 1
    bytes += request.size
    if (!isHit) continue
    hits += 1
    hitBytes += request.size
  }
  const seconds = (performance.now() - start) / 1000
  const moved = tier instanceof ArenaTier ? tier.cost.movedBytes : 0
  return { objects: hits / seen, bytes: hitBytes / bytes, seconds, usage: tier.usage().bytes, moved }
}

function hasHit(tier: ArenaTier, { id }: Request): boolean {
  const lent = tier.lendNow(id)
  lent?.release()
  return lent !== undefined
}

function report(stream: Stream, mebibytes: number): void {
  for (const [name, make] of Object.entries(tiers)) {
    const outcome = replay(make(mebibytes * mebibyte), stream.requests(), stream.count * 0.3)
    const shares = [outcome.objects, outcome.bytes, outcome.usage / (mebibytes * mebibyte)]
    const columns = shares.map((share) => `${(share * 100).toFixed(1).padStart(5)} %`)
    console.log(
      `${stream.name.padEnd(34)} ${`${mebibytes}`.padStart(5)} MiB  ${name.padEnd(7)} objects ${columns[0]}  bytes ${columns[1]}  filled ${columns[2]}  ${outcome.seconds.toFixed(1)} s  moved ${(outcome.moved / mebibyte).toFixed(0)} MiB`,
    )
  }
}

const sizes = process.argv.slice(2).map(Number)
for (const mebibytes of sizes.length > 0 ? sizes : [64, 256]) for (const stream of streams) report(stream, mebibytes)
