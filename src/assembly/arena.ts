/** The memory tier as an arena: what threads share, and one thread has the exact bound of. */

import { ArenaTier } from '../cache/arena/arena-tier.ts'
import { type ArenaHandle, createArena, mostArenaBytes } from '../cache/arena/layout.ts'
import type { CacheTier, StoreEvents } from '../cache/tier.ts'
import type { Config, LayerConfig } from '../config/config.ts'

/** Records are counted by bucket; there may be more of them after a reload. */
const bucketsBeside = 256
/** In less, one record in full would be a good part of all: tables of one thread waste less of it. */
const leastSlices = 64

/** Undefined: there is no memory tier, or a single thread is better off with tables of its own. Throws when it is too small to be shared. */
export function arenaFor({ layers, buckets }: Config, threads: number): ArenaHandle | undefined {
  const memory = layers.find(({ kind }) => kind === 'memory')
  if (memory?.kind !== 'memory') return undefined
  const { maxBytes, eviction } = memory.options
  const sliceBytes = Math.max(...buckets.map(({ policy }) => policy.sliceBytes))
  const isFit = eviction === 's3gd' && maxBytes >= leastSlices * sliceBytes && maxBytes <= mostArenaBytes
  if (threads === 1 && !isFit) return undefined
  return createArena({ maxBytes, workers: threads, maxBuckets: buckets.length + bucketsBeside, sliceBytes })
}

/** Undefined: the layer is no memory tier, or not an arena. */
export function arenaTier(
  layer: LayerConfig,
  arena: ArenaHandle | undefined,
  worker: number,
  events: StoreEvents,
  isDead: (worker: number) => boolean = () => false,
): CacheTier | undefined {
  if (layer.kind !== 'memory' || arena === undefined) return undefined
  return new ArenaTier({ arena, worker, isDead, maxItemBytes: layer.options.maxItemBytes }, events)
}
