import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'
import { assertBytes, MiB, readFirst, until } from './rig.ts'

test('slices of an object too large to keep are in memory while it is read, and gone afterwards', async (t) => {
  const { proxy, origin } = await startProxy(t)
  const size = 12 * MiB
  const hold = origin.serve('film', { size, seed: 1 }).holdAt(6 * MiB)
  const held = () => proxy.metric('yatagarasu_cache_items', { layer: 'memory' })

  const { body } = await proxy.open('/b/film')
  const start = await readFirst(body, 5.5 * MiB)
  await hold.reached
  await until(async () => (await held()) === 7) // the head and six slices
  hold.release()
  const rest: Buffer[] = []
  for await (const chunk of body) rest.push(chunk)
  assertBytes(Buffer.concat([start, ...rest]), 1, 0, size)

  await until(async () => (await held()) === 1)
  assert.ok((await proxy.metric('yatagarasu_cache_size_bytes', { layer: 'memory' })) < 10_000)
  assert.equal(await proxy.metric('yatagarasu_cache_evictions_total'), 0)
  assert.equal((await proxy.get('/b/film', { headers: { range: 'bytes=0-9' } })).header('x-cache'), 'MISS')
})
