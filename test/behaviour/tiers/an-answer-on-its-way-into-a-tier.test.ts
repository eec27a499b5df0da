import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Barrier } from '../../support/barrier.ts'
import { faulty } from '../../support/faulty-tier.ts'
import { startProxy } from '../../support/start-proxy.ts'
import { expectedBytes } from '../../support/synthetic-bytes.ts'

const noCache = { headers: { 'cache-control': 'no-cache' } }

test('who must ask the origin is not given an answer that is still on its way into a tier', async (t) => {
  const hold = new Barrier()
  t.after(() => hold.release())
  const { proxy, origin } = await startProxy(t, { tierGuard: (tier) => faulty(tier, { on: ['put'], hold }) })
  origin.serve('a', 'older')
  assert.equal((await proxy.get('/b/a', noCache)).text, 'older')
  await hold.reached
  origin.serve('a', 'newer')

  assert.equal((await proxy.get('/b/a', noCache)).text, 'newer')
  assert.equal(origin.requests('a').length, 2)
})

test('who may be served from the cache is given an answer that is still on its way into a tier', async (t) => {
  const hold = new Barrier()
  t.after(() => hold.release())
  const { proxy, origin } = await startProxy(t, { tierGuard: (tier) => faulty(tier, { on: ['put'], hold }) })
  origin.serve('a', 'crow')
  await proxy.get('/b/a')
  await hold.reached

  assert.equal((await proxy.get('/b/a')).text, 'crow')
  assert.equal(origin.requests('a').length, 1)
})

test('who finds the head of a large object that is on its way joins the download', async (t) => {
  const hold = new Barrier()
  t.after(() => hold.release())
  const { proxy, origin } = await startProxy(t, { tierGuard: (tier) => faulty(tier, { on: ['put'], hold }) })
  origin.serve('film', { size: 3 * 1024 * 1024, seed: 1 })
  const first = proxy.get('/b/film')
  await hold.reached

  const beginning = await proxy.get('/b/film', { headers: { range: 'bytes=0-99' } })
  assert.equal(beginning.status, 206)
  assert.deepEqual(beginning.body, Buffer.from(expectedBytes(1, 0, 100)))
  hold.release()
  assert.equal((await first).body.length, 3 * 1024 * 1024)
  assert.equal(origin.requests('film').length, 1)
})

test('an older answer that ends after a newer one is not stored over it', async (t) => {
  const { proxy, origin } = await startProxy(t)
  const half = origin.serve('a', 'older').holdAt(2)
  const older = proxy.get('/b/a')
  await half.reached
  origin.serve('a', 'newer')
  assert.equal((await proxy.get('/b/a', noCache)).text, 'newer')

  half.release()
  assert.equal((await older).text, 'older')
  const cached = await proxy.get('/b/a')
  assert.equal(cached.text, 'newer')
  assert.equal(cached.header('x-cache'), 'HIT')
})
