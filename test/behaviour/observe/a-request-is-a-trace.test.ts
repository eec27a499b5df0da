import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { advanceUntil } from '../../support/advance-until.ts'
import { type OtlpReceiver, startOtlpReceiver } from '../../support/otlp-receiver.ts'
import { type ProxySettings, startProxy } from '../../support/start-proxy.ts'
import { bearer, hs256 } from '../../support/tokens.ts'

async function startTraced(t: TestContext, settings: ProxySettings = {}) {
  const collector = await startOtlpReceiver(t)
  const tracing = { enabled: true, endpoint: collector.endpoint, service_name: 'edge' }
  const stage = await startProxy(t, { ...settings, top: { observability: { tracing } } })
  return { ...stage, collector }
}

/** Each request's spans, its own left out. */
const trees = (collector: OtlpReceiver) => collector.requests.map((root) => collector.tree(root))

test('a miss is a look-up and an origin request, a hit is a look-up', async (t) => {
  const { proxy, origin, collector } = await startTraced(t)
  origin.serve('a.txt', 'hello')
  await proxy.get('/b/a.txt?secret=1', { headers: { 'x-correlation-id': 'first-one' } })
  await proxy.get('/b/a.txt')
  await proxy.stop()

  assert.deepEqual(trees(collector), [
    ['GET b > cache.get memory', 'GET b > origin GET', 'GET b > send'],
    ['GET b > cache.get memory', 'GET b > send'],
  ])
  const [miss, hit] = collector.requests
  assert.equal(miss?.service, 'edge')
  assert.equal(miss?.parentSpanId, '')
  assert.notEqual(miss?.traceId, hit?.traceId)
  assert.deepEqual(miss?.attributes, {
    'http.request.method': 'GET',
    'url.path': '/b/a.txt',
    'client.address': '127.0.0.1',
    'http.response.status_code': 200,
    'http.response.body.size': 5,
    'yatagarasu.correlation_id': 'first-one',
    'yatagarasu.bucket': 'b',
    'yatagarasu.cache': 'miss',
  })
  assert.equal(hit?.attributes['yatagarasu.cache'], 'hit')
  assert.equal(hit?.attributes['yatagarasu.tier'], 'memory')
})

test('an origin request tells what was asked, how it was answered, and when', async (t) => {
  const { proxy, origin, collector } = await startTraced(t)
  origin.serve('a.txt', 'hello')
  await proxy.get('/b/a.txt')
  await proxy.stop()

  const { kind, attributes, events, error } = collector.named('origin GET')
  assert.equal(kind, 'client')
  assert.equal(error, undefined)
  assert.deepEqual(events, ['request sent', 'answer begun'])
  assert.deepEqual(attributes, {
    'http.request.method': 'GET',
    'server.address': new URL(origin.endpoint).host,
    'yatagarasu.bucket': 'b',
    'yatagarasu.attempt': 1,
    'http.response.status_code': 200,
    'http.response.body.size': 5,
  })
})

test('a revalidation is the same with a 304', async (t) => {
  const { proxy, origin, clock, collector } = await startTraced(t)
  origin.serve('a.txt', 'hello', { headers: { 'cache-control': 'max-age=1' } })
  await proxy.get('/b/a.txt')
  await clock.advance(5000)
  assert.equal((await proxy.get('/b/a.txt')).header('x-cache'), 'REVALIDATED')
  await proxy.stop()

  const [, confirmed] = collector.requests
  assert.ok(confirmed)
  assert.deepEqual(collector.tree(confirmed), ['GET b > cache.get memory', 'GET b > origin GET', 'GET b > send'])
  const asked = collector.spans.find((span) => span.kind === 'client' && span.traceId === confirmed.traceId)
  assert.equal(asked?.attributes['http.response.status_code'], 304)
})

test('a request that waits for another one links to it, and the origin request is the other one\u2019s', async (t) => {
  const { proxy, origin, collector } = await startTraced(t)
  const object = origin.serve('a.txt', 'hello')
  const [head, body] = [object.delayHead(), object.holdAt(0)]
  const first = proxy.get('/b/a.txt')
  await head.reached
  const second = proxy.get('/b/a.txt')
  await proxy.untilActive(2)
  head.release()
  await body.reached
  await proxy.untilMetric('yatagarasu_origin_requests_total', { bucket: 'b' }, 1)
  body.release()
  await Promise.all([first, second])
  await proxy.stop()

  const asked = collector.named('origin GET')
  const leader = collector.requests.find(({ traceId }) => traceId === asked.traceId)
  const follower = collector.requests.find(({ traceId }) => traceId !== asked.traceId)
  assert.ok(leader && follower)
  assert.deepEqual(collector.tree(leader), ['GET b > cache.get memory', 'GET b > origin GET', 'GET b > send'])
  // Once for the head, once for the first byte.
  const waits = ['GET b > coalesced wait', 'GET b > coalesced wait']
  assert.deepEqual(collector.tree(follower), ['GET b > cache.get memory', ...waits, 'GET b > send'])
  for (const { name, links } of collector.spans) {
    if (name === 'coalesced wait') assert.deepEqual(links, [{ traceId: leader.traceId, spanId: leader.spanId }])
  }
})

test('each attempt at a failing origin is a span that says what failed', async (t) => {
  const retry = { max_attempts: 2, initial_backoff_ms: 1 }
  const { proxy, origin, clock, collector } = await startTraced(t, { s3: { retry } })
  origin.serve('a.txt', 'hello').failWith(503, 'SlowDown')
  assert.equal((await advanceUntil(clock, proxy.get('/b/a.txt'))).status, 503)
  await proxy.stop()

  const [request] = collector.requests
  assert.ok(request)
  assert.deepEqual(
    collector.tree(request).filter((edge) => edge.includes('origin')),
    ['GET b > origin GET', 'GET b > origin backoff', 'GET b > origin GET'],
  )
  const attempts = collector.spans.filter(({ kind }) => kind === 'client')
  const told = attempts.map(({ error, attributes }) => [attributes['yatagarasu.attempt'], error])
  assert.deepEqual(told, [
    [1, '503'],
    [2, '503'],
  ])
  assert.equal(request.error, 'SlowDown')
})

test('looking at a token is a span, also where the request ends there', async (t) => {
  const { proxy, origin, collector } = await startTraced(t, { bucket: { jwt: hs256 } })
  origin.serve('a.txt', 'hello')
  await proxy.get('/b/a.txt', await bearer({ sub: 'alice' }))
  const refused = await proxy.get('/b/a.txt', { headers: { authorization: 'Bearer not-one' } })
  assert.equal(refused.status, 401)
  await proxy.stop()

  assert.deepEqual(trees(collector), [
    ['GET b > authenticate', 'GET b > cache.get memory', 'GET b > origin GET', 'GET b > send'],
    ['GET b > authenticate', 'GET b > send'],
  ])
  const told = JSON.stringify(collector.bodies)
  assert.ok(!told.includes('not-one') && !told.includes('Bearer'))
})
