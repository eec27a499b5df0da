import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ArenaTier } from '../../../src/cache/arena/arena-tier.ts'
import { control, createArena } from '../../../src/cache/arena/layout.ts'
import { idOf, objectOf } from '../../support/cache-records.ts'

const events = { evicted: () => undefined }
const shape = { maxBytes: 4 * 1024 * 1024, workers: 2, maxBuckets: 4, sliceBytes: 1024 * 1024 }

test('whoever repairs does not wait for ever for a lock of a worker that has died', async () => {
  const arena = createArena(shape)
  const dead = 1
  const asked: number[] = []
  const isDead = (worker: number) => asked.push(worker) > 2
  const tier = new ArenaTier({ arena, worker: 0, maxItemBytes: shape.maxBytes, isDead }, events)
  Atomics.store(new Int32Array(arena.buffer), control.appendLock, dead + 1)

  await tier.put(idOf('a'), objectOf('crow'))

  assert.deepEqual(asked, [dead, dead, dead])
  assert.equal(tier.usage().items, 1)
})
