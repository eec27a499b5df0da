import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('Age on a hit starts from what the origin said, and a miss repeats just that', async (t) => {
  const { proxy, origin, clock } = await startProxy(t)
  origin.serve('aged.txt', 'crow', { headers: { age: '100', 'cache-control': 'max-age=200' } })
  origin.serve('new.txt', 'crow')

  const agedMiss = await proxy.get('/b/aged.txt')
  const newMiss = await proxy.get('/b/new.txt')
  await clock.advance(5_400)
  const agedHit = await proxy.get('/b/aged.txt')
  const newHit = await proxy.get('/b/new.txt')

  assert.equal(agedMiss.header('age'), '100')
  assert.equal(newMiss.header('age'), undefined)
  assert.equal(agedHit.header('age'), '105')
  assert.equal(newHit.header('age'), '5')
  assert.equal(newHit.header('date'), newMiss.header('date'))
})

test('an answer that is old when it arrives expires sooner', async (t) => {
  const { proxy, origin, clock } = await startProxy(t)
  origin.serve('aged.txt', 'crow', { headers: { age: '100', 'cache-control': 'max-age=120' } })

  await proxy.get('/b/aged.txt')
  await clock.advance(19_000)
  const fresh = await proxy.get('/b/aged.txt')
  await clock.advance(2_000)
  const expired = await proxy.get('/b/aged.txt')

  assert.equal(fresh.header('x-cache'), 'HIT')
  assert.equal(expired.header('x-cache'), 'REVALIDATED')
  assert.equal(origin.requests('aged.txt').length, 2)
})
