import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'
import { assertBytes, MiB, readFirst, until } from './rig.ts'

test('when the last reader leaves, the slice in hand is finished and kept, and the origin request ended', async (t) => {
  const { proxy, origin } = await startProxy(t)
  const size = 8 * MiB
  const film = origin.serve('film', { size, seed: 1 })
  const hold = film.holdAt(1.5 * MiB)
  const next = film.holdAt(2 * MiB + 1)
  const leaver = new AbortController()

  const { body } = await proxy.open('/b/film', { signal: leaver.signal })
  body.on('error', () => undefined) // it is this test that breaks it off
  await readFirst(body, 1.25 * MiB)
  await hold.reached
  leaver.abort()
  await until(async () => (await proxy.metric('yatagarasu_active_requests')) === 0)
  hold.release()
  next.release()

  const request = origin.requests('film')[0]
  assert.equal(await request?.ended, false)
  const kept = await proxy.get('/b/film', { headers: { range: `bytes=0-${2 * MiB - 1}` } })
  assertBytes(kept.body, 1, 0, 2 * MiB)
  assert.equal(kept.header('x-cache'), 'HIT')
  assert.equal(origin.requests('film').length, 1)
})
