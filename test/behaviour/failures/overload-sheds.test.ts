import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('beyond what the proxy takes at once, a request is a 503 that says when to come back', async (t) => {
  const { proxy, origin } = await startProxy(t, { server: { max_concurrent_requests: 2 } })
  const [slow, slower] = [origin.serve('slow', 'crow').delayHead(), origin.serve('slower', 'raven').delayHead()]
  origin.serve('a.txt', 'jackdaw')
  const underWay = [proxy.get('/b/slow'), proxy.get('/b/slower')]
  await Promise.all([slow.reached, slower.reached])

  const answer = await proxy.get('/b/a.txt')

  assert.equal(answer.status, 503)
  assert.equal(answer.header('retry-after'), '1')
  assert.equal(JSON.parse(answer.text).error.code, 'Overloaded')
  assert.equal(origin.requests('a.txt').length, 0)
  assert.equal(await proxy.metric('yatagarasu_rejected_requests_total', { reason: 'overload' }), 1)

  slow.release()
  slower.release()
  for (const reader of underWay) assert.equal((await reader).status, 200)
  await proxy.untilLogged(3)
  assert.equal((await proxy.get('/b/a.txt')).text, 'jackdaw')
})

test('a request too many costs a line in the log, not a stack trace', async (t) => {
  const { proxy, origin } = await startProxy(t, { server: { max_concurrent_requests: 1 } })
  const slow = origin.serve('slow', 'crow').delayHead()
  const underWay = proxy.get('/b/slow')
  await slow.reached

  await proxy.get('/b/a.txt')
  await proxy.untilLogged(1)

  const [line] = proxy.log
  assert.equal(line?.['error'], 'Overloaded')
  assert.equal(line?.['level'], 30)
  assert.equal(line?.['err'], undefined)
  slow.release()
  await underWay
})

test('what costs nothing is answered however much is under way', async (t) => {
  const { proxy, origin } = await startProxy(t, { server: { max_concurrent_requests: 1 } })
  const slow = origin.serve('slow', 'crow').delayHead()
  const underWay = proxy.get('/b/slow')
  await slow.reached

  for (const path of ['/health', '/ready']) assert.equal((await proxy.get(path)).status, 200)
  assert.equal((await proxy.get('/nowhere/a.txt')).status, 404)
  slow.release()
  await underWay
})

test('a request too many is turned away before anybody asks who it is', async (t) => {
  const jwt = { secret: 'long enough to be a secret of its own', algorithm: 'HS256' }
  const { proxy, origin } = await startProxy(t, {
    server: { max_concurrent_requests: 1 },
    moreBuckets: [
      { name: 'vault', path_prefix: '/vault', s3: { bucket: 'vault', region: 'us-east-1', anonymous: true }, jwt },
    ],
  })
  const slow = origin.serve('slow', 'crow').delayHead()
  const underWay = proxy.get('/b/slow')
  await slow.reached

  assert.equal((await proxy.get('/vault/a.txt')).status, 503)
  slow.release()
  await underWay
  await proxy.untilLogged(2)
  assert.equal((await proxy.get('/vault/a.txt')).status, 401)
})
