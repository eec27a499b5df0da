import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'
import { until } from '../streaming/rig.ts'

const server = { max_concurrent_requests: 1, queue_size: 1, request_timeout_seconds: 30 }

/** The only slot is taken, by a body that is half out. */
async function full(t: TestContext) {
  const stage = await startProxy(t, { server, s3: { timeout_seconds: 100 } })
  const { proxy, origin } = stage
  const slow = origin.serve('slow', 'crow').holdAt(2)
  origin.serve('a.txt', 'jackdaw')
  const underWay = proxy.get('/b/slow')
  await slow.reached
  /** Resolves once so many requests are here, whether under way or in the queue. */
  const untilHere = (count: number) => until(async () => (await proxy.metric('yatagarasu_active_requests')) === count)
  return { ...stage, slow, underWay, untilHere }
}

test('a request that finds no slot waits where there is a queue, and the next one is a 503', async (t) => {
  const { proxy, slow, underWay, untilHere } = await full(t)
  const waiting = proxy.get('/b/a.txt')
  await untilHere(2)
  assert.equal((await proxy.get('/b/a.txt')).status, 503)

  slow.release()
  assert.equal((await underWay).text, 'crow')
  assert.equal((await waiting).text, 'jackdaw')
})

test('a client that leaves the queue makes room in it, and its request is never made', async (t) => {
  const { proxy, origin, slow, underWay, untilHere } = await full(t)
  origin.serve('b.txt', 'rook')
  const leaving = new AbortController()
  const left = assert.rejects(proxy.get('/b/b.txt', { signal: leaving.signal }))
  await untilHere(2)
  leaving.abort()
  await left
  await proxy.untilLogged(1)
  assert.equal(proxy.log[0]?.['status'], 499)

  const waiting = proxy.get('/b/a.txt')
  await untilHere(2)
  slow.release()
  assert.equal((await waiting).text, 'jackdaw')
  assert.equal(origin.requests('b.txt').length, 0)
  await underWay
})

test('whoever has waited in the queue for the request timeout is turned away', async (t) => {
  const { proxy, clock, slow, underWay, untilHere } = await full(t)
  const waiting = proxy.get('/b/a.txt')
  await untilHere(2)
  await clock.advance(29_999)
  assert.equal(proxy.log.length, 0)
  await clock.advance(1)

  const answer = await waiting
  assert.equal(answer.status, 503)
  assert.equal(answer.header('retry-after'), '1')
  slow.release()
  assert.equal((await underWay).text, 'crow')
})
