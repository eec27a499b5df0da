import assert from 'node:assert/strict'
import { test } from 'node:test'
import { administered, adminOf } from '../../support/administration.ts'
import { startProxy } from '../../support/start-proxy.ts'

test('a softly purged object is confirmed with the origin, and fresh again when it still holds', async (t) => {
  const { proxy, origin, clock } = await startProxy(t, { top: administered })
  const admin = await adminOf(proxy)
  origin.serve('a', 'crow')
  await proxy.get('/b/a')
  await clock.advance(1000)

  const purged = await admin('POST', '/cache/purge/b/a?soft=true')
  await clock.advance(1)
  const confirmed = await proxy.get('/b/a')
  await clock.advance(1)

  assert.equal(purged.status, 200)
  assert.equal(purged.json.purged.entries, 1)
  assert.equal(confirmed.header('x-cache'), 'REVALIDATED')
  assert.equal((await proxy.get('/b/a')).header('x-cache'), 'HIT')
})

test('it may be used within the stale windows, which begin with the purge', async (t) => {
  const windows = { stale_while_revalidate_seconds: 30, stale_if_error_seconds: 60 }
  const { proxy, origin, clock } = await startProxy(t, {
    top: administered,
    cache: windows,
    s3: { retry: { max_attempts: 1 } },
  })
  const admin = await adminOf(proxy)
  const object = origin.serve('a', 'crow')
  await proxy.get('/b/a')
  await clock.advance(1000)
  object.failWith(503, 'SlowDown')

  await admin('POST', '/cache/purge/b/*?soft=true')
  await clock.advance(10_000)
  const soon = await proxy.get('/b/a')
  await clock.advance(40_000)
  const later = await proxy.get('/b/a')
  await clock.advance(20_000)

  assert.equal(soon.header('x-cache'), 'STALE')
  assert.equal(later.header('x-cache'), 'STALE')
  assert.equal((await proxy.get('/b/a')).status, 503)
})

test('a clock that is set back afterwards does not make it fresh again', async (t) => {
  const { proxy, origin, clock } = await startProxy(t, { top: administered })
  const admin = await adminOf(proxy)
  const object = origin.serve('a', 'crow')
  await proxy.get('/b/a')
  await clock.advance(2000)

  await admin('POST', '/cache/purge/b/a?soft=true')
  clock.stepWallTime(-1000)
  object.replace('rook')

  assert.equal((await proxy.get('/b/a')).text, 'rook')
})
