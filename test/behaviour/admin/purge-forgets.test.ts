import assert from 'node:assert/strict'
import { test } from 'node:test'
import { administered, adminOf } from '../../support/administration.ts'
import { startProxy } from '../../support/start-proxy.ts'

const MiB = 2 ** 20

test('a purged object is asked for anew, with all its slices', async (t) => {
  const { proxy, origin, clock } = await startProxy(t, { top: administered })
  const admin = await adminOf(proxy)
  origin.serve('a b//c', { size: 3 * MiB, seed: 1 })
  origin.serve('kept', 'crow')
  await proxy.get('/b/kept')
  await proxy.get('/b/a%20b//c')
  await clock.advance(1)

  const purged = await admin('POST', '/cache/purge/b/a%20b//c')
  await clock.advance(1)
  const again = await proxy.get('/b/a%20b//c')

  assert.equal(purged.status, 200)
  assert.equal(purged.json.purged.entries, 1)
  assert.ok(purged.json.purged.bytes > 3 * MiB)
  assert.equal(purged.json.tiers.memory.entries, 4)
  assert.equal(again.header('x-cache'), 'MISS')
  assert.equal(origin.requests('a b//c').length, 2)
  assert.equal((await proxy.get('/b/kept')).header('x-cache'), 'HIT')
  assert.equal((await admin('POST', '/cache/purge/b/never')).status, 404)
  assert.equal(await proxy.metric('yatagarasu_cache_purges_total', { scope: 'object' }), 2)
})

for (const [what, path, body] of [
  ['everything', '/cache/purge', undefined],
  ['a bucket', '/cache/purge/b', undefined],
  ['a prefix', '/cache/purge/b/img/*', undefined],
  ['a tag', '/cache/purge', { where: { tag: 'red' } }],
  ['a filter', '/cache/purge', { where: { and: [{ key: { glob: 'img/?' } }, { size: { lt: 10 } }, { hits: 0 }] } }],
] as const) {
  test(`${what} is purged at once, and counted`, async (t) => {
    const { proxy, origin, clock } = await startProxy(t, { top: administered })
    const admin = await adminOf(proxy)
    for (const key of ['img/1', 'img/2']) {
      origin.serve(key, 'crow', { headers: { 'surrogate-key': 'blue red' } })
      await proxy.get(`/b/${key}`)
    }
    await clock.advance(1)

    const dry = body === undefined ? undefined : await admin('POST', path, { ...body, dry_run: true })
    const purged = await admin('POST', path, body)
    await clock.advance(1)

    if (dry !== undefined) assert.deepEqual(dry.json.purged, purged.json.purged)
    assert.equal(purged.json.purged.entries, 2)
    for (const key of ['img/1', 'img/2']) assert.equal((await proxy.get(`/b/${key}`)).header('x-cache'), 'MISS')
  })
}

test('what no scope covers stays', async (t) => {
  const { proxy, origin, clock } = await startProxy(t, { top: administered })
  const admin = await adminOf(proxy)
  origin.serve('img/1', 'crow', { headers: { 'x-amz-meta-cache-tag': 'blue' } })
  await proxy.get('/b/img/1')
  await clock.advance(1)

  await admin('POST', '/cache/purge/b/img')
  await admin('POST', '/cache/purge/b/im%2A')
  await admin('POST', '/cache/purge/b/imgs*')
  await admin('POST', '/cache/purge', { where: { tag: 'red' } })
  await admin('POST', '/cache/purge', { where: { size: { gt: 4 } } })
  await admin('POST', '/cache/purge', { where: { bucket: 'b' }, dry_run: true })

  assert.equal((await proxy.get('/b/img/1')).header('x-cache'), 'HIT')
})

test('every variant of a purged object goes', async (t) => {
  const { proxy, origin, clock } = await startProxy(t, { top: administered })
  const admin = await adminOf(proxy)
  origin.serve('a', 'crow', { headers: { vary: 'Accept' } })
  for (const accept of ['text/html', 'image/png']) await proxy.get('/b/a', { headers: { accept } })
  await clock.advance(1)

  const purged = await admin('POST', '/cache/purge/b/a')
  await clock.advance(1)

  assert.equal(purged.json.purged.entries, 1)
  for (const accept of ['text/html', 'image/png'])
    assert.equal((await proxy.get('/b/a', { headers: { accept } })).header('x-cache'), 'MISS')
})
