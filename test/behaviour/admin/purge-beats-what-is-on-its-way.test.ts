import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { administered, adminOf } from '../../support/administration.ts'
import type { FakeObject } from '../../support/fake-object.ts'
import { startProxy } from '../../support/start-proxy.ts'

const short = { headers: { 'cache-control': 'max-age=60', 'cache-tag': 'all' } }

async function stage(t: TestContext) {
  const { proxy, origin, clock } = await startProxy(t, { top: administered })
  return { proxy, origin, clock, admin: await adminOf(proxy), object: origin.serve('a', 'old', short) }
}

/** An early reader has asked for what is not cached, and the origin has begun to answer. */
async function fillUnderWay(t: TestContext) {
  const on = await stage(t)
  const held = on.object.holdAt(1)
  const early = on.proxy.get('/b/a')
  await held.reached
  return { ...on, held, early }
}

/** An early reader has found what is stale, and the origin was asked whether it still holds. */
async function confirmationUnderWay(t: TestContext, prepare: (object: FakeObject) => void = () => {}) {
  const on = await stage(t)
  const { proxy, clock, object } = on
  await proxy.get('/b/a')
  await clock.advance(61_000)
  const held = object.delayHead()
  prepare(object)
  const early = proxy.get('/b/a')
  await held.reached
  return { ...on, held, early }
}

/** The early reader has the old version; whoever comes after the purge has the new one. */
async function expectNewForLater({ proxy, origin, object, held, early }: Awaited<ReturnType<typeof fillUnderWay>>) {
  object.replace('new')
  const late = proxy.get('/b/a')
  await origin.arrival('a', 2)
  held.release()

  assert.equal((await early).text, 'old')
  assert.equal((await late).text, 'new')
  assert.equal((await proxy.get('/b/a')).text, 'new')
}

for (const [what, path, body] of [
  ['an object', '/cache/purge/b/a', undefined],
  ['a prefix', '/cache/purge/b/*', undefined],
  ['a tag', '/cache/purge', { where: { tag: 'all' } }],
  ['everything', '/cache/purge', undefined],
] as const) {
  test(`a fill that began before the purge of ${what} is neither stored nor shared with later readers`, async (t) => {
    const on = await fillUnderWay(t)
    const { clock, admin } = on
    await clock.advance(1)

    await admin('POST', path, body)
    await clock.advance(1)
    await expectNewForLater(on)
    assert.equal(on.origin.requests('a').length, 2)
  })

  test(`a revalidation that began before the purge of ${what} brings nothing back`, async (t) => {
    const { proxy, clock, admin, object, held, early } = await confirmationUnderWay(t)
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

for (const [what, path, body] of [
  ['an object', '/cache/purge/b/a', undefined],
  ['a tag', '/cache/purge', { where: { tag: 'all' } }],
] as const) {
  test(`a clock that is set back before the purge of ${what} lets nobody join an older fill, or have what it brought`, async (t) => {
    const on = await fillUnderWay(t)
    const { clock, admin } = on
    clock.stepWallTime(-3_600_000)

    await admin('POST', path, body)
    await clock.advance(1)
    await expectNewForLater(on)
  })

  test(`a clock that is set back before the purge of ${what} brings nothing back that was being confirmed`, async (t) => {
    const { proxy, clock, admin, object, held, early } = await confirmationUnderWay(t)
    clock.stepWallTime(-3_600_000)

    await admin('POST', path, body)
    held.release()
    await early
    object.replace('new')

    assert.equal((await proxy.get('/b/a')).text, 'new')
  })
}

test('what a filter may mean is not stored either when its fill began before the purge', async (t) => {
  const on = await fillUnderWay(t)
  const { clock, admin } = on
  await clock.advance(1)

  await admin('POST', '/cache/purge', { where: { key: { glob: 'a*' } } })
  await clock.advance(1)
  await expectNewForLater(on)
})

for (const kind of ['hard', 'soft'] as const) {
  test(`a ${kind} purge by a tag that is gone from the answer which confirms the object counts all the same`, async (t) => {
    const untagged = (object: FakeObject) => {
      const { etag } = object.current
      object.respond((_, response) => void response.writeHead(304, { etag, 'cache-tag': 'none' }).end())
    }
    const { proxy, clock, admin, object, held, early } = await confirmationUnderWay(t, untagged)
    await clock.advance(1)

    await admin('POST', `/cache/purge${kind === 'soft' ? '?soft=true' : ''}`, { where: { tag: 'all' } })
    await clock.advance(1)
    held.release()
    await early
    object.recover()
    object.replace('new')

    assert.equal((await proxy.get('/b/a')).text, 'new')
  })
}
