import assert from 'node:assert/strict'
import { test } from 'node:test'
import { advanceUntil } from '../../support/advance-until.ts'
import { Barrier } from '../../support/barrier.ts'
import { makeFolder } from '../../support/disk-folders.ts'
import { startProxy } from '../../support/start-proxy.ts'
import { expectedBytes } from '../../support/synthetic-bytes.ts'
import { faultsOf, MiB, memoryAndDisk } from './rig.ts'

const size = 40 * MiB

test('a large object read faster than the disk takes it gets there whole', async (t) => {
  const hold = new Barrier()
  const tierGuard = faultsOf('disk', { on: ['put'], hold })
  const { proxy, origin } = await startProxy(t, { cache: memoryAndDisk(await makeFolder(t)), tierGuard })
  origin.serve('a', { size, seed: 1 })

  const reading = proxy.get('/b/a')
  await proxy.untilMetric('yatagarasu_cache_items', { layer: 'memory' }, 32)
  hold.release()

  assert.ok((await reading).body.equals(expectedBytes(1, 0, size)))
  await proxy.untilMetric('yatagarasu_cache_items', { layer: 'disk' }, 41)
  assert.equal(await proxy.metric('yatagarasu_cache_writes_dropped_total'), 0)
})

test('a disk that takes nothing holds a reader up for a moment at each slice, not for good', async (t) => {
  const hold = new Barrier()
  const tierGuard = faultsOf('disk', { on: ['put'], hold })
  const { proxy, origin, clock } = await startProxy(t, { cache: memoryAndDisk(await makeFolder(t)), tierGuard })
  origin.serve('a', { size, seed: 1 })

  const first = await advanceUntil(clock, proxy.get('/b/a'))
  hold.release()

  assert.ok(first.body.equals(expectedBytes(1, 0, size)))
  assert.ok((await proxy.metric('yatagarasu_cache_writes_dropped_total', { layer: 'disk' })) > 0)
})
