import assert from 'node:assert/strict'
import { test } from 'node:test'
import { administered, adminOf } from '../../support/administration.ts'
import { startProxy } from '../../support/start-proxy.ts'

const short = { headers: { 'cache-control': 'max-age=60', 'cache-tag': 'all' } }

for (const [what, path, body] of [
  ['an object', '/cache/purge/b/a', undefined],
  ['a prefix', '/cache/purge/b/*', undefined],
  ['a tag', '/cache/purge', { where: { tag: 'all' } }],
  ['everything', '/cache/purge', undefined],
] as const) {
  test(`a fill that began before the purge of ${what} is neither stored nor shared with later readers`, async (t) => {
    const { proxy, origin, clock } = await startProxy(t, { top: administered })
    const admin = await adminOf(proxy)
    const object = origin.serve('a', 'old', short)
    const held = object.holdAt(1)
    const early = proxy.get('/b/a')
    await held.reached
    await clock.advance(1)

    await admin('POST', path, body)
    await clock.advance(1)
    object.replace('new')
    const late = proxy.get('/b/a')
    while (origin.requests('a').length < 2) await proxy.metric('yatagarasu_active_requests')
    held.release()

    assert.equal((await early).text, 'old')
    assert.equal((await late).text, 'new')
    assert.equal((await proxy.get('/b/a')).text, 'new')
    assert.equal(origin.requests('a').length, 2)
  })

  test(`a revalidation that began before the purge of ${what} brings nothing back`, async (t) => {
    const { proxy, origin, clock } = await startProxy(t, { top: administered })
    const admin = await adminOf(proxy)
    const object = origin.serve('a', 'old', short)
    await proxy.get('/b/a')
    await clock.advance(61_000)
    const held = object.delayHead()
    const early = proxy.get('/b/a')
    await held.reached
    await clock.advance(1)

    await admin('POST', path, body)
    await clock.advance(1)
    object.replace('new')
    held.release()
    await early
    const late = await proxy.get('/b/a')

    assert.equal(late.text, 'new')
    assert.equal(late.header('x-cache'), 'MISS')
  })
}
