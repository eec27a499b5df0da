import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeFolder } from '../../support/disk-folders.ts'
import { startProxy, startProxyBefore } from '../../support/start-proxy.ts'
import { memoryAndDisk, onDisk } from './rig.ts'

const tierOf = (answer: { header(name: string): string | undefined }) =>
  /detail=(\w+)/.exec(answer.header('cache-status') ?? '')?.[1]

test('the first hit after a restart comes from the disk, and the next from memory', async (t) => {
  const cache = memoryAndDisk(await makeFolder(t))
  const { proxy, origin, clock } = await startProxy(t, { cache })
  origin.serve('a', 'crow')
  await proxy.get('/b/a')
  assert.equal(tierOf(await proxy.get('/b/a')), 'memory')
  await proxy.stop()
  const restarted = await startProxyBefore(t, origin.endpoint, { cache, clock })

  assert.equal(tierOf(await restarted.get('/b/a')), 'disk')
  assert.equal(tierOf(await restarted.get('/b/a')), 'memory')

  const count = (name: string, layer: string) =>
    restarted.metric(`yatagarasu_cache_${name}_total`, { bucket: 'b', layer })
  assert.deepEqual([await count('misses', 'memory'), await count('hits', 'disk')], [1, 1])
  assert.deepEqual([await count('hits', 'memory'), await count('misses', 'disk')], [1, 0])
  assert.equal(origin.requests('a').length, 1)
})

test('without memory in the list every hit comes from the disk', async (t) => {
  const { proxy, origin } = await startProxy(t, { cache: onDisk(await makeFolder(t)) })
  origin.serve('a', 'crow')
  await proxy.get('/b/a')
  await proxy.untilWritten('disk', 1)
  for (let time = 0; time < 2; time++) assert.equal(tierOf(await proxy.get('/b/a')), 'disk')
  assert.equal(await proxy.metric('yatagarasu_cache_get_duration_seconds_count', { layer: 'disk' }), 3)
})
