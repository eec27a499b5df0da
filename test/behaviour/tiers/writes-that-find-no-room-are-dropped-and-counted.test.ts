import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Barrier } from '../../support/barrier.ts'
import { makeFolder } from '../../support/disk-folders.ts'
import { startProxy } from '../../support/start-proxy.ts'
import { expectedBytes } from '../../support/synthetic-bytes.ts'
import { faultsOf, MiB, memoryAndDisk } from './rig.ts'

const size = 40 * MiB

test('a disk that cannot keep up costs records, which are counted, and never a byte of a response', async (t) => {
  const hold = new Barrier()
  const tierGuard = faultsOf('disk', { on: ['put'], hold })
  const { proxy, origin } = await startProxy(t, { cache: memoryAndDisk(await makeFolder(t)), tierGuard })
  origin.serve('a', { size, seed: 1 })

  const first = await proxy.get('/b/a')
  const dropped = await proxy.metric('yatagarasu_cache_writes_dropped_total', { layer: 'disk' })
  hold.release()
  await proxy.untilWritten('disk', 41 - dropped)

  assert.ok(first.body.equals(expectedBytes(1, 0, size)))
  assert.ok(dropped >= 8 && dropped < 20, `${dropped} dropped`)
  assert.equal(await proxy.metric('yatagarasu_cache_items', { layer: 'disk' }), 41 - dropped)
  assert.equal(await proxy.metric('yatagarasu_cache_errors_total'), 0)
})
