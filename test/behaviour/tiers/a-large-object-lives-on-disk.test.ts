import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeFolder } from '../../support/disk-folders.ts'
import { startProxy, startProxyBefore } from '../../support/start-proxy.ts'
import { expectedBytes } from '../../support/synthetic-bytes.ts'
import { MiB, memoryAndDisk } from './rig.ts'

const size = 6 * MiB
const slices = (first: number, last: number) => `bytes=${first * MiB}-${(last + 1) * MiB - 1}`

/** Memory declines what the disk keeps. */
const cacheIn = (folder: string) => ({
  ...memoryAndDisk(folder),
  memory: { max_item_size_mb: 1, max_cache_size_mb: 64 },
})

test('an object too large for memory is kept on disk, and a range of it is served without S3', async (t) => {
  const { proxy, origin } = await startProxy(t, { cache: cacheIn(await makeFolder(t)) })
  origin.serve('a', { size, seed: 1 })
  await proxy.get('/b/a')
  await proxy.untilWritten('disk', 7)

  const range = await proxy.get('/b/a', { headers: { range: 'bytes=1500000-4000000' } })

  assert.equal(range.status, 206)
  assert.equal(range.header('x-cache'), 'HIT')
  assert.ok(range.body.equals(expectedBytes(1, 1_500_000, 4_000_001)))
  assert.equal(origin.requests('a').length, 1)
  assert.equal(await proxy.metric('yatagarasu_cache_items', { layer: 'memory' }), 1)
  assert.equal(await proxy.metric('yatagarasu_cache_items', { layer: 'disk' }), 7)
})

test('a hole in an object on disk is fetched alone', async (t) => {
  const cache = cacheIn(await makeFolder(t))
  const { proxy, origin, clock } = await startProxy(t, { cache })
  origin.serve('a', { size, seed: 1 })
  for (const range of [slices(0, 0), slices(3, 3)]) await proxy.get('/b/a', { headers: { range } })
  await proxy.stop()
  const restarted = await startProxyBefore(t, origin.endpoint, { cache, clock })

  const whole = await restarted.get('/b/a')

  assert.ok(whole.body.equals(expectedBytes(1, 0, size)))
  assert.equal(whole.header('x-cache'), 'HIT')
  assert.deepEqual(
    origin.requests('a').map((request) => request.range),
    [slices(0, 0), slices(3, 3), slices(1, 2), slices(4, 5)],
  )
  assert.equal(await restarted.metric('yatagarasu_origin_bytes_total'), 4 * MiB)
})
