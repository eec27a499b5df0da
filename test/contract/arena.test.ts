import { ArenaTier } from '../../src/cache/arena/arena-tier.ts'
import { createArena } from '../../src/cache/arena/layout.ts'
import { TierEventLog } from '../support/tier-event-log.ts'
import { cacheTierContract } from './cache-tier.contract.ts'

cacheTierContract('memory, shared', ({ maxBytes, maxItemBytes }) => {
  const arena = createArena({ maxBytes, workers: 2, maxBuckets: 8, sliceBytes: 2 ** 20 })
  return new ArenaTier({ arena, worker: 0, maxItemBytes }, new TierEventLog())
})
