import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'
import { until } from '../streaming/rig.ts'

test('a bucket whose origin is slow cannot take every slot, nor the whole queue', async (t) => {
  const { proxy, origin } = await startProxy(t, {
    server: { max_concurrent_requests: 8, queue_size: 4 },
    moreBuckets: [{ name: 'quick', path_prefix: '/quick', s3: { bucket: 'quick', anonymous: true, region: 'x' } }],
  })
  const slow = origin.serve('slow', 'crow').delayHead()
  // Six are let in, three wait; of eight slots two are the other bucket's, of four places in the queue one.
  const crowd = Array.from({ length: 9 }, () => proxy.get('/b/slow'))
  await until(async () => (await proxy.metric('yatagarasu_active_requests')) === 9)
  await slow.reached

  assert.equal((await proxy.get('/b/slow')).status, 503)
  // The path names no object: an answer that needs a slot, and no origin.
  for (let i = 0; i < 10; i++) assert.equal((await proxy.get('/quick/')).status, 404)

  slow.release()
  for (const reader of crowd) assert.equal((await reader).text, 'crow')
})
