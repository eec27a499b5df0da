import assert from 'node:assert/strict'
import { test } from 'node:test'
import { administered, adminOf } from '../../support/administration.ts'
import { startProxy } from '../../support/start-proxy.ts'

const priced = (per_1000_requests: number, per_gb: number) => ({
  top: { ...administered, observability: { prices: { per_1000_requests, per_gb } } },
})

test('metrics and statistics tell the same savings, and new prices hold from a reload on', async (t) => {
  const { proxy, origin } = await startProxy(t, priced(1000, 1e6))
  origin.serve('a.txt', 'crow')
  for (let time = 0; time < 3; time++) await proxy.get('/b/a.txt')
  await proxy.untilLogged(3)
  const administer = await adminOf(proxy)
  const told = async () => {
    const { json } = await administer('GET', '/cache/stats/b')
    const metrics = ['origin_requests_avoided', 'origin_bytes_avoided', 'cost_saved_dollars', 'cost_spent_dollars']
    const scraped = await Promise.all(metrics.map((name) => proxy.metric(`yatagarasu_${name}_total`, { bucket: 'b' })))
    assert.deepEqual(json.buckets.b.savings, json.total.savings)
    const rounded = scraped.map((value) => Math.round(value * 1e9) / 1e9)
    assert.deepEqual(Object.values(json.total.savings), rounded)
    return rounded
  }

  assert.deepEqual(await told(), [2, 8, 2.008, 1.004])
  await proxy.reload(priced(2000, 0))
  assert.deepEqual(await told(), [2, 8, 2.008, 1.004])
  const before = proxy.log.length
  await proxy.get('/b/a.txt')
  await proxy.untilLogged(before + 1)
  assert.deepEqual(await told(), [3, 12, 4.008, 1.004])
})

test('a confirmation costs a request and saves the bytes', async (t) => {
  const { proxy, origin } = await startProxy(t, { ...priced(1000, 1e6), bucket: { cache: { revalidate: 'always' } } })
  origin.serve('a.txt', 'crow')
  await proxy.get('/b/a.txt')
  assert.equal((await proxy.get('/b/a.txt')).header('x-cache'), 'REVALIDATED')
  await proxy.untilLogged(2)

  assert.equal(await proxy.metric('yatagarasu_origin_requests_avoided_total'), 0)
  assert.equal(await proxy.metric('yatagarasu_origin_bytes_avoided_total'), 4)
  assert.equal(await proxy.metric('yatagarasu_cost_spent_dollars_total'), 2.004)
})

test('an answer that is stale in place of a failure saves the bytes, and no request', async (t) => {
  const { proxy, origin, clock } = await startProxy(t, { s3: { retry: { max_attempts: 1 } } })
  origin.serve('a.txt', 'crow', { headers: { 'Cache-Control': 'max-age=1, stale-if-error=60' } })
  await proxy.get('/b/a.txt')
  await clock.advance(2000)
  await origin.stop()
  assert.equal((await proxy.get('/b/a.txt')).header('x-cache'), 'STALE')
  await proxy.untilLogged(2)

  assert.equal(await proxy.metric('yatagarasu_origin_requests_avoided_total'), 0)
  assert.equal(await proxy.metric('yatagarasu_origin_bytes_avoided_total'), 4)
})

test('a miss avoids nothing, however long the origin says that it is', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a.txt', 'crow', { chunked: true })
  assert.equal((await proxy.get('/b/a.txt')).header('x-cache'), 'MISS')
  await proxy.untilLogged(1)
  assert.equal(await proxy.metric('yatagarasu_origin_bytes_avoided_total'), 0)

  assert.equal((await proxy.get('/b/a.txt')).header('x-cache'), 'HIT')
  await proxy.untilLogged(2)
  assert.equal(await proxy.metric('yatagarasu_origin_bytes_avoided_total'), 4)
})

const MiB = 1024 * 1024

for (const [which, slice, said] of [
  ['first', 0, 'HIT'],
  ['second', 1, 'MISS'],
] as const) {
  test(`of an object of which the ${which} slice is cached, that one is avoided, and the request is not`, async (t) => {
    const { proxy, origin } = await startProxy(t)
    origin.serve('film', Buffer.alloc(3 * MiB, 'film'))
    await proxy.get('/b/film', { headers: { range: `bytes=${slice * MiB}-${(slice + 1) * MiB - 1}` } })
    assert.equal((await proxy.get('/b/film')).header('x-cache'), said)
    await proxy.untilLogged(2)

    assert.equal(await proxy.metric('yatagarasu_origin_bytes_avoided_total'), MiB)
    assert.equal(await proxy.metric('yatagarasu_origin_bytes_total'), 3 * MiB)
    assert.equal(await proxy.metric('yatagarasu_origin_requests_avoided_total'), 0)
  })
}
