import type { TierName } from '../../src/base/types.ts'
import { createMemoryTier } from '../../src/cache/memory-tier.ts'
import type { CacheTier, TierEvents } from '../../src/cache/tier.ts'

const bounds = { maxBytes: 2 ** 20, maxItemBytes: 2 ** 18, eviction: 's3gd' } as const

/** A memory tier that passes for another one: a plain object, so that tests can put methods of their own in place. */
export function memoryAs(name: TierName, events: TierEvents, maxBytes: number = bounds.maxBytes): CacheTier {
  const tier = createMemoryTier({ ...bounds, maxBytes }, events)
  return {
    name,
    get: (id) => tier.get(id),
    has: (id) => tier.has(id),
    put: (id, record) => tier.put(id, record),
    remove: (id) => tier.remove(id),
    clear: (scope, onRemoved) => tier.clear(scope, onRemoved),
    each: (scope, visit) => tier.each(scope, visit),
    peek: (id) => tier.peek(id),
    usage: () => tier.usage(),
    close: () => tier.close(),
  }
}
