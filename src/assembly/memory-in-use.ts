/** What has a part of the memory budget, on one thread. */

import type { RecordStore } from '../cache/tiered-store.ts'
import type { MemoryConfig } from '../config/config.ts'
import type { RateLimiter } from '../limits/rate-limiter.ts'
import type { FillBudget } from '../objects/fill-budget.ts'
import type { MemoryPart } from '../observe/memory-parts.ts'
import type { Verifier } from './admission.ts'
import type { SharedParts } from './shared-parts.ts'

export interface MemoryInUse {
  /** On the thread that has them; elsewhere there are none. */
  readonly tiers: RecordStore['usage']
  readonly writes: RecordStore['writes']
  readonly fills: Pick<FillBudget, 'reservedBytes' | 'maxBytes' | 'peakBytes'>
  readonly verifiers: Pick<SharedParts<Verifier>, 'all'>
  readonly limiters: Pick<SharedParts<RateLimiter>, 'all'>
}

export function memoryParts(parts: MemoryInUse, memory: MemoryConfig): readonly MemoryPart[] {
  const tiers = new Map(parts.tiers())
  const [cache, disk] = [tiers.get('memory'), tiers.get('disk')]
  const writes = parts.writes()
  const verifiers = [...parts.verifiers.all()]
  const limits = sumOf(parts.limiters.all())
  const { reservedBytes, maxBytes, peakBytes } = parts.fills
  return [
    { part: 'fills', bytes: reservedBytes, maxBytes, peakBytes },
    ...(cache === undefined ? [] : [{ part: 'cache', bytes: cache.bytes, maxBytes: cache.maxBytes }]),
    ...(disk?.memoryBytes === undefined
      ? []
      : [{ part: 'disk_index', bytes: disk.memoryBytes, maxBytes: memory.indexBytes }]),
    ...(writes.maxBytes === 0 ? [] : [{ part: 'writes', ...writes }]),
    ...(verifiers.length === 0
      ? []
      : [{ part: 'tokens', bytes: sumOf(verifiers), maxBytes: verifiers.length * memory.verifierBytes }]),
    // Tables are made when they are needed, and are as large then as they will be.
    ...(limits === 0 ? [] : [{ part: 'limits', bytes: limits, maxBytes: limits }]),
  ]
}

function sumOf(parts: Iterable<{ readonly bytes: number }>): number {
  let sum = 0
  for (const { bytes } of parts) sum += bytes
  return sum
}
