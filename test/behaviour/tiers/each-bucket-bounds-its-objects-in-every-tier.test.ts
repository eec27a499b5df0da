import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeFolder } from '../../support/disk-folders.ts'
import { startProxy } from '../../support/start-proxy.ts'
import { MiB, memoryAndDisk } from './rig.ts'

test("an object over its bucket's max_item_size_mb is in no tier, whether its length was told or not", async (t) => {
  const bucket = { cache: { max_item_size_mb: '64KB' } }
  const { proxy, origin } = await startProxy(t, { cache: memoryAndDisk(await makeFolder(t)), bucket })
  origin.serve('told', { size: 2 * MiB, seed: 1 })
  origin.serve('untold', { size: 100_000, seed: 1 }, { chunked: true })
  origin.serve('fits', { size: 65_536, seed: 1 })
  for (const key of ['told', 'untold', 'fits']) await proxy.get(`/b/${key}`)
  await proxy.untilWritten('disk', 1)

  for (const key of ['told', 'untold']) assert.equal((await proxy.get(`/b/${key}`)).header('x-cache'), 'MISS', key)
  assert.equal((await proxy.get('/b/fits')).header('x-cache'), 'HIT')
  for (const layer of ['memory', 'disk']) assert.equal(await proxy.metric('yatagarasu_cache_items', { layer }), 1)
})
