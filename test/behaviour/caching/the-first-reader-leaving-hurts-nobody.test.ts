import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('when the reader that came first leaves, those that wait with it get the whole object', async (t) => {
  const { proxy, origin } = await startProxy(t)
  const object = origin.serve('a.txt', 'crow')
  const head = object.delayHead()
  const leaving = new AbortController()

  const first = proxy.get('/b/a.txt', { signal: leaving.signal })
  await head.reached
  const others = Array.from({ length: 5 }, () => proxy.get('/b/a.txt'))
  await proxy.untilActive(6)
  leaving.abort()
  await assert.rejects(first)
  head.release()

  for (const answer of await Promise.all(others)) assert.equal(answer.text, 'crow')
  assert.equal(origin.requests('a.txt').length, 1)
  assert.equal(await origin.requests('a.txt')[0]?.ended, true)
})

test('when everybody leaves before the answer, the origin request is called off', async (t) => {
  const { proxy, origin } = await startProxy(t)
  const head = origin.serve('a.txt', 'crow').delayHead()
  const leaving = new AbortController()

  const readers = Array.from({ length: 3 }, () => proxy.get('/b/a.txt', { signal: leaving.signal }))
  await head.reached
  await proxy.untilActive(3)
  leaving.abort()
  for (const reader of readers) await assert.rejects(reader)

  assert.equal(await origin.requests('a.txt')[0]?.ended, false)
  head.release()
  assert.equal((await proxy.get('/b/a.txt')).text, 'crow')
  assert.equal(origin.requests('a.txt').length, 2)
})
