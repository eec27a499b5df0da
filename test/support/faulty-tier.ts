import type { Clock } from '../../src/base/clock.ts'
import type { Etag } from '../../src/base/types.ts'
import type { CacheRecord } from '../../src/cache/record.ts'
import type { CacheTier } from '../../src/cache/tier.ts'
import type { Barrier } from './barrier.ts'

export type TierOperation = 'get' | 'has' | 'put' | 'remove' | 'clear' | 'each' | 'peek'

export interface TierFaults {
  /** Which operations suffer; all, unless said. */
  readonly on?: readonly TierOperation[]
  /** Every so many calls one rejects, without taking effect. 1: all. */
  readonly failEvery?: number
  /** Every so many gets one hands out a slice or an object of another version. */
  readonly lieEvery?: number
  /** The answer waits here, though the tier has acted already: operations keep their order. */
  readonly hold?: Barrier
  /** The answer comes so much later. */
  readonly delay?: { readonly ms: number; readonly clock: Clock }
}

/** The tier with faults put in front of it. */
export function faulty(tier: CacheTier, { on, failEvery, lieEvery, hold, delay }: TierFaults): CacheTier {
  let calls = 0
  let answers = 0

  async function suffer<T>(operation: TierOperation, act: () => Promise<T>): Promise<T> {
    if (on !== undefined && !on.includes(operation)) return act()
    calls += 1
    if (failEvery !== undefined && calls % failEvery === 0) throw new Error(`${operation} fails on purpose`)
    const answer = await act()
    await hold?.arrive()
    if (delay !== undefined) await delay.clock.sleep(delay.ms)
    return answer
  }

  return {
    name: tier.name,
    async get(id) {
      const record = await suffer('get', () => tier.get(id))
      if (record === undefined || lieEvery === undefined) return record
      answers += 1
      return answers % lieEvery === 0 ? ofAnotherVersion(record) : record
    },
    has: (id) => suffer('has', () => tier.has(id)),
    put: (id, record) => suffer('put', () => tier.put(id, record)),
    remove: (id) => suffer('remove', () => tier.remove(id)),
    clear: (scope, onRemoved) => suffer('clear', () => tier.clear(scope, onRemoved)),
    each: (scope, visit) => suffer('each', () => tier.each(scope, visit)),
    peek: (id) => suffer('peek', () => tier.peek(id)),
    usage: () => tier.usage(),
    close: () => tier.close(),
  }
}

function ofAnotherVersion(record: CacheRecord): CacheRecord {
  const etag = '"another version"' as Etag
  if (record.kind === 'slice') return { ...record, etag }
  return record.kind === 'object' ? { ...record, head: { ...record.head, etag } } : record
}
