import type { EpochMs } from '../../src/base/types.ts'
import { PurgeLog } from '../../src/cache/purge-log.ts'
import { createTieredStore } from '../../src/cache/tiered-store.ts'
import { objectOf } from './cache-records.ts'
import { FakeClock } from './fake-clock.ts'
import { createFakeRandom } from './fake-random.ts'
import { faulty, type TierFaults } from './faulty-tier.ts'
import { memoryAs } from './memory-as.ts'
import { TierEventLog } from './tier-event-log.ts'

const names = ['memory', 'disk', 'redis'] as const
type Name = (typeof names)[number]

/** A store over tiers, the tiers themselves without their faults, and an object as it was asked for so long ago. */
export function purgeStage(faults: Partial<Record<Name, TierFaults>> = {}, layers: readonly Name[] = names) {
  const clock = new FakeClock()
  const events = new TierEventLog()
  const purges = new PurgeLog(clock, createFakeRandom())
  const [memory, disk, redis] = [memoryAs('memory', events), memoryAs('disk', events), memoryAs('redis', events)]
  const tiers = { memory, disk, redis }
  const guarded = layers.map((name) => faulty(tiers[name], faults[name] ?? {}))
  const objectAt = (agoMs = 0, facts = {}) => {
    const at = (clock.now() - agoMs) as EpochMs
    return objectOf(`asked at ${at}`, { requestedAt: at, storedAt: (at + 1) as EpochMs, ...facts })
  }
  return { ...tiers, clock, events, purges, store: createTieredStore(guarded, events, clock, purges), objectAt }
}
