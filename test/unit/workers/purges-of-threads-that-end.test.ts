import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { systemClock } from '../../../src/base/clock.ts'
import { systemRandom } from '../../../src/base/random.ts'
import type { EpochMs } from '../../../src/base/types.ts'
import { ArenaTier } from '../../../src/cache/arena/arena-tier.ts'
import { createArena } from '../../../src/cache/arena/layout.ts'
import { repairAfter } from '../../../src/cache/arena/repair.ts'
import { PurgeLog } from '../../../src/cache/purge-log.ts'
import { everything } from '../../../src/cache/scope.ts'
import { createTieredStore } from '../../../src/cache/tiered-store.ts'
import { Link } from '../../../src/workers/link.ts'
import { PurgeAnnouncer, type PurgeCalls } from '../../../src/workers/purges.ts'
import { idOf } from '../../support/cache-records.ts'
import { noStoreEvents } from '../../support/no-store-events.ts'
import type { PurgedWorkerData } from '../../support/purged-worker.ts'

const program = new URL('../../support/purged-worker.ts', import.meta.url)
const objects = 64
const threads = 2

interface Answered {
  /** What began until then is gone. */
  readonly at: EpochMs
  readonly answeredAt: EpochMs
}

interface Served {
  readonly before: EpochMs
  readonly requestedAt: EpochMs
}

/** The thread that leads, and those that store as fast as they can. */
function stage() {
  const arena = createArena({ maxBytes: 4 << 20, workers: 1 + threads, maxBuckets: 4, sliceBytes: 1 << 20 })
  const purges = new PurgeLog(systemClock, systemRandom)
  const announcer = new PurgeAnnouncer(purges)
  const tier = new ArenaTier({ arena, worker: 0, maxItemBytes: 1 << 20 }, noStoreEvents)
  const store = createTieredStore([tier], noStoreEvents, systemClock, purges)
  const served: Served[] = []
  let heard = Promise.withResolvers<void>()

  function start(worker: number) {
    const workerData = { arena, worker, purges: purges.marks, objects } satisfies PurgedWorkerData
    const thread = new Worker(program, { workerData })
    const link = new Link<PurgeCalls>(thread, {
      served(found: Served) {
        served.push(found)
        heard.resolve()
      },
    })
    announcer.join(worker, link)
    void announcer.serves(worker)
    const exit = once(thread, 'exit').then(() => {
      link.close()
      announcer.ended(worker)
      repairAfter(worker, arena)
    })
    return { thread, exit }
  }

  /** While everything is purged, the thread ends. */
  async function purge(ending: Worker | undefined): Promise<Answered> {
    const purging = store.purge(everything, 'hard')
    const at = purges.marks[0]?.at ?? (0 as EpochMs)
    void ending?.terminate()
    assert.deepEqual((await purging).notKept, [])
    return { at, answeredAt: systemClock.now() }
  }

  async function expectNothingFrom(at: EpochMs): Promise<void> {
    for (let looks = 0; looks < objects; looks++) {
      const record = await tier.get(idOf(`${looks}`))
      if (record?.kind === 'object') assert.ok(record.head.requestedAt > at, 'stored behind the clearing')
      if (looks % 8 === 0) await turn()
    }
  }

  return {
    ...{ start, purge, expectNothingFrom, served },
    async untilServed() {
      heard = Promise.withResolvers()
      await heard.promise
    },
  }
}

test('threads may be ended at any instant: what a purge covers is found by nobody once it is answered', async (t) => {
  const { start, purge, expectNothingFrom, served, untilServed } = stage()
  const crew = [start(1), start(2)]
  t.after(() => Promise.all(crew.map(({ thread }) => thread.terminate())))
  const answered: Answered[] = []
  for (let round = 0; round < 40; round++) {
    await untilServed()
    const ending = round % 10 === 9 ? crew.shift() : undefined
    const purged = await purge(ending?.thread)
    await expectNothingFrom(purged.at)
    answered.push(purged)
    await ending?.exit
    if (ending !== undefined) crew.push(start(1 + (((round - 9) / 10) % threads)))
  }
  for (const { before, requestedAt } of served) {
    const last = answered.findLast(({ answeredAt }) => answeredAt < before)
    assert.ok(last === undefined || requestedAt > last.at, 'found after the answer')
  }
  assert.ok(served.length >= 40)
})
