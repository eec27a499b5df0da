import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'
import { expectedBytes } from '../../support/synthetic-bytes.ts'
import { compare, MiB } from './rig.ts'

test('sixty readers of a cold object cost one origin request and each byte once, half of them coming midway', async (t) => {
  const { proxy, origin } = await startProxy(t)
  const size = 12 * MiB // more than the memory tier keeps of one object
  const expected = expectedBytes(1, 0, size)
  const hold = origin.serve('film', { size, seed: 1 }).holdAt(size / 2)
  const readers = (count: number) =>
    Array.from({ length: count }, async () => compare((await proxy.open('/b/film')).body, expected))

  const early = readers(30)
  await hold.reached
  const late = readers(30)
  await origin.arrival('film')
  hold.release()

  for (const length of await Promise.all([...early, ...late])) assert.equal(length, size)
  assert.equal(origin.requests('film').length, 1)
  assert.equal(origin.bytesSent('film'), size)
  assert.equal(await proxy.metric('yatagarasu_origin_bytes_total', { bucket: 'b' }), size)
})
