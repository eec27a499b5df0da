import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'
import { assertBytes, MiB } from './rig.ts'

test('slices of an older version do not cut the reading of a new one into pieces', async (t) => {
  const { proxy, origin } = await startProxy(t)
  const size = 6 * MiB
  const film = origin.serve('film', { size, seed: 1 }, { headers: { 'cache-control': 'no-cache' } })
  assertBytes((await proxy.get('/b/film')).body, 1, 0, size)

  film.replace({ size, seed: 2 })
  await proxy.get('/b/film', { method: 'HEAD' })
  const reads = origin.requests('film').length
  assertBytes((await proxy.get('/b/film')).body, 2, 0, size)

  const [validation, download, ...more] = origin.requests('film').slice(reads)
  assert.equal(validation?.headers['if-none-match'] !== undefined, true)
  assert.equal(download?.range, `bytes=0-${size - 1}`)
  assert.deepEqual(more, [])
})
