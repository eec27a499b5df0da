import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PurgeLog } from '../../../src/cache/purge-log.ts'
import { type WriteBounds, writeBounds, writeBytes } from '../../../src/cache/queue-bounds.ts'
import { createTieredStore } from '../../../src/cache/tiered-store.ts'
import { shareOf } from '../../../src/workers/share.ts'
import { Barrier } from '../../support/barrier.ts'
import { idOf, objectOf } from '../../support/cache-records.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { createFakeRandom } from '../../support/fake-random.ts'
import { faulty } from '../../support/faulty-tier.ts'
import { memoryAs } from '../../support/memory-as.ts'
import { TierEventLog } from '../../support/tier-event-log.ts'

const MiB = 2 ** 20

function boundsOfAll(threads: number): readonly WriteBounds[] {
  return Array.from({ length: threads }, (_, thread) => writeBounds((total) => shareOf(total, threads, thread)))
}

test('the writes of all threads together take what those of one may', () => {
  for (const threads of [1, 2, 3, 8]) {
    const bytes = boundsOfAll(threads).map(({ maxBytes, writingBytes }) => maxBytes + writingBytes)
    assert.equal(
      bytes.reduce((sum, one) => sum + one, 0),
      48 * MiB,
    )
    assert.equal(writeBytes(threads), 48 * MiB)
  }
})

test('each of many threads has room for four slices all the same, and the sum says so', () => {
  const all = boundsOfAll(33)
  assert.ok(all.every(({ maxBytes, writingBytes }) => maxBytes === 4 * MiB && writingBytes === 2 * MiB))
  assert.equal(writeBytes(33), 33 * 6 * MiB)
})

test('a store lets its share wait, and no more', async () => {
  const [events, clock] = [new TierEventLog(), new FakeClock()]
  const hold = new Barrier()
  const disk = faulty(memoryAs('disk', events), { on: ['put'], hold })
  const purges = new PurgeLog(clock, createFakeRandom())
  const store = createTieredStore([memoryAs('memory', events), disk], events, clock, purges, (total) => total / 8)
  const put = (number: number) => store.put(idOf(`${number}`), objectOf('record'))
  await Promise.all(Array.from({ length: 1024 }, (_, number) => put(number)))
  assert.equal(events.count('disk dropped'), 0)
  await put(1024)
  assert.equal(events.count('disk dropped'), 1)
  hold.release()
  await store.close()
})
