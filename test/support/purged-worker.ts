/** A thread that stores what it asked for a moment ago, for as long as it is let, and follows the purges of another. */

import { setImmediate as turn } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '../../src/base/clock.ts'
import { systemRandom } from '../../src/base/random.ts'
import type { EpochMs, Etag } from '../../src/base/types.ts'
import { ArenaTier } from '../../src/cache/arena/arena-tier.ts'
import type { ArenaHandle } from '../../src/cache/arena/layout.ts'
import type { PurgeMark } from '../../src/cache/purge.ts'
import { PurgeLog } from '../../src/cache/purge-log.ts'
import { createTieredStore } from '../../src/cache/tiered-store.ts'
import { type Calls, type Channel, Link } from '../../src/workers/link.ts'
import { PurgeFollower } from '../../src/workers/purges.ts'
import { idOf, objectOf } from './cache-records.ts'
import { noStoreEvents } from './no-store-events.ts'

export interface PurgedWorkerData {
  readonly arena: ArenaHandle
  readonly worker: number
  readonly purges: readonly PurgeMark[]
  readonly objects: number
}

const { arena, worker, purges, objects } = workerData as PurgedWorkerData
const log = new PurgeLog(systemClock, systemRandom)
const follower = new PurgeFollower(log)
follower.adopt(purges)
const calls: Calls = follower.calls({ storeNothing: () => undefined })
const link = new Link<{ served(asked: { readonly before: EpochMs; readonly requestedAt: EpochMs }): void }>(
  parentPort as unknown as Channel,
  calls,
)
const tier = follower.clearedElsewhere(new ArenaTier({ arena, worker, maxItemBytes: 2 ** 20 }, noStoreEvents))
const store = createTieredStore([tier], noStoreEvents, systemClock, log)

const naps = new Int32Array(new SharedArrayBuffer(4))

for (let round = 0; ; round++) {
  const requestedAt = systemClock.now()
  for (let turns = round % 5; turns > 0; turns--) await turn()
  // Now and then it hears of a purge late, with an answer from before it in its hands.
  if (round % 50 === 0) Atomics.wait(naps, 0, 0, 2)
  const id = idOf(`${round % objects}`)
  await store.put(id, objectOf('x', { requestedAt, storedAt: systemClock.now(), etag: `"${worker}"` as Etag }))
  const before = systemClock.now()
  const found = (await store.get(idOf(`${(round * 7) % objects}`)))?.record
  if (found?.kind === 'object' && round % 16 === 0) {
    link.tell('served', { before, requestedAt: found.head.requestedAt })
  }
  await turn()
}
