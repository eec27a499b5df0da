import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('any number of readers of one cold object cost one origin request', async (t) => {
  const { proxy, origin } = await startProxy(t)
  const object = origin.serve('a.txt', 'crow')
  const held = object.delayHead()

  const readers = Array.from({ length: 50 }, () => proxy.get('/b/a.txt'))
  await proxy.untilActive(50)
  held.release()
  const answers = await Promise.all(readers)

  assert.ok(answers.every(({ text }) => text === 'crow'))
  assert.ok(answers.every((answer) => answer.header('x-cache') === 'MISS'))
  const collapsed = answers.filter((answer) => answer.header('cache-status')?.includes('; collapsed'))
  assert.equal(collapsed.length, 49)
  assert.equal(origin.requests('a.txt').length, 1)
  assert.equal(origin.bytesSent('a.txt'), 4)
  assert.equal(await proxy.metric('yatagarasu_cache_coalesced_requests_total', { bucket: 'b' }), 49)
  assert.equal(await proxy.metric('yatagarasu_origin_requests_total', { bucket: 'b', status: '200' }), 1)
})

test('a reader who comes while the body of a small object is under way joins it', async (t) => {
  const { proxy, origin } = await startProxy(t)
  const body = origin.serve('a.txt', 'crow').holdAt(2)

  const first = proxy.get('/b/a.txt')
  await body.reached
  const second = proxy.get('/b/a.txt')
  await proxy.untilActive(2)
  body.release()

  assert.equal((await first).text, 'crow')
  assert.equal((await second).text, 'crow')
  assert.equal(origin.requests('a.txt').length, 1)
  assert.equal(await proxy.metric('yatagarasu_cache_coalesced_requests_total', { bucket: 'b' }), 1)
})

test('readers of a missing object cost one origin request too', async (t) => {
  const { proxy, origin } = await startProxy(t, { cache: { negative_ttl_seconds: 0 } })
  const object = origin.serve('a.txt', '')
  object.failWith(404, 'NoSuchKey')
  const held = object.delayHead()

  const readers = Array.from({ length: 10 }, () => proxy.get('/b/a.txt'))
  await proxy.untilActive(10)
  held.release()

  for (const answer of await Promise.all(readers)) assert.equal(answer.status, 404)
  assert.equal(origin.requests('a.txt').length, 1)
})
