import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Barrier } from '../../support/barrier.ts'
import { makeFolder } from '../../support/disk-folders.ts'
import { startProxy } from '../../support/start-proxy.ts'
import { expectedBytes } from '../../support/synthetic-bytes.ts'
import { faultsOf, MiB, memoryAndDisk } from './rig.ts'

test('a disk that cannot keep up costs records, which are counted and told of, and never a byte of a response', async (t) => {
  const hold = new Barrier()
  const tierGuard = faultsOf('disk', { on: ['put'], hold })
  const { proxy, origin } = await startProxy(t, { cache: memoryAndDisk(await makeFolder(t)), tierGuard })
  const objects = Array.from({ length: 40 }, (_, index) => `${index}`)
  for (const [seed, object] of objects.entries()) origin.serve(object, { size: MiB, seed })

  for (const [seed, object] of objects.entries()) {
    const { body } = await proxy.get(`/b/${object}`)
    assert.ok(body.equals(expectedBytes(seed, 0, MiB)))
  }
  const dropped = await proxy.metric('yatagarasu_cache_writes_dropped_total', { layer: 'disk' })
  hold.release()
  await proxy.untilWritten('disk', 40 - dropped)

  assert.ok(dropped >= 8 && dropped < 20, `${dropped} dropped`)
  assert.equal(await proxy.metric('yatagarasu_cache_items', { layer: 'disk' }), 40 - dropped)
  assert.equal(await proxy.metric('yatagarasu_cache_errors_total'), 0)
  const warnings = proxy.log.filter(({ level }) => Number(level) > 30)
  assert.deepEqual(
    warnings.map(({ layer, msg }) => `${layer}: ${msg}`),
    ['disk: cache tier cannot keep up'],
  )
})
