import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('stale readers who come while the changed body is still under way start no second refresh', async (t) => {
  const { proxy, origin, clock } = await startProxy(t, { cache: { stale_while_revalidate_seconds: 60 } })
  const object = origin.serve('a.txt', 'crow', { headers: { 'cache-control': 'max-age=60' } })

  await proxy.get('/b/a.txt')
  object.replace('raven')
  await clock.advance(61_000)
  const body = object.holdAt(2)
  await proxy.get('/b/a.txt')
  await body.reached
  const meanwhile = await Promise.all(Array.from({ length: 5 }, () => proxy.get('/b/a.txt')))
  body.release()
  let fresh = await proxy.get('/b/a.txt')
  while (fresh.header('x-cache') === 'STALE') fresh = await proxy.get('/b/a.txt')

  for (const answer of meanwhile) assert.equal(answer.text, 'crow')
  assert.equal(fresh.text, 'raven')
  assert.equal(origin.requests('a.txt').length, 2)
})
