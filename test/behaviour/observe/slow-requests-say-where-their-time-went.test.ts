import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { advanceUntil } from '../../support/advance-until.ts'
import { type ProxySettings, type ProxyUnderTest, startProxy } from '../../support/start-proxy.ts'
import { bearer, hs256 } from '../../support/tokens.ts'

const slow_query = { enabled: true, threshold_ms: 500 }

const startWatched = (t: TestContext, settings: ProxySettings = {}) =>
  startProxy(t, { ...settings, top: { observability: { slow_query } } })

const slowLines = (proxy: ProxyUnderTest) => proxy.log.filter(({ msg }) => msg === 'slow request')

/** Of each line, in the order of the log. */
const phases = (proxy: ProxyUnderTest) => slowLines(proxy).map((line) => line['phases_ms'] as Record<string, number>)

test('an origin that is slow to answer', async (t) => {
  const { proxy, origin, clock } = await startWatched(t, { bucket: { jwt: hs256 } })
  const head = origin.serve('a.txt', 'hello').delayHead()
  const { headers } = await bearer()
  const answer = proxy.get('/b/a.txt?token=secret', { headers: { ...headers, 'x-correlation-id': 'slow-one' } })
  await head.reached
  await clock.advance(1500)
  head.release()
  await answer
  await proxy.untilLogged(2)

  const [line] = slowLines(proxy)
  assert.ok(line)
  const { time: _, ...fields } = line
  assert.deepEqual(fields, {
    level: 40,
    msg: 'slow request',
    correlation_id: 'slow-one',
    method: 'GET',
    path: '/b/a.txt',
    status: 200,
    bytes: 5,
    bucket: 'b',
    cache: 'miss',
    duration_ms: 1500,
    threshold_ms: 500,
    phases_ms: { auth: 0, memory: 0, origin_connect: 0, origin_first_byte: 1500, origin_body: 0, send: 0 },
  })
})

test('an origin whose body comes slowly: it is sent as it comes', async (t) => {
  const { proxy, origin, clock } = await startWatched(t)
  const hold = origin.serve('a.txt', 'hello').holdAt(2)
  const answer = proxy.open('/b/a.txt')
  await hold.reached
  const { body } = await answer
  await clock.advance(700)
  hold.release()
  await body.arrayBuffer()
  await proxy.untilLogged(2)

  const [spent] = phases(proxy)
  assert.deepEqual([spent?.['origin_body'], spent?.['send']], [700, 700])
})

test('a request that waits for another one\u2019s head, and then for its first byte', async (t) => {
  const { proxy, origin, clock } = await startWatched(t)
  const object = origin.serve('a.txt', 'hello')
  const [head, body] = [object.delayHead(), object.holdAt(0)]
  const first = proxy.get('/b/a.txt')
  await head.reached
  const second = proxy.get('/b/a.txt')
  await proxy.untilActive(2)
  await clock.advance(900)
  head.release()
  await body.reached
  await proxy.untilMetric('yatagarasu_origin_requests_total', { bucket: 'b' }, 1)
  await clock.advance(400)
  body.release()
  await Promise.all([first, second])
  await proxy.untilLogged(4)

  const spent = phases(proxy).map(({ coalesced, origin_first_byte }) => ({ coalesced, origin_first_byte }))
  const waiting = { coalesced: 1300, origin_first_byte: undefined }
  const asking = { coalesced: undefined, origin_first_byte: 900 }
  assert.deepEqual(new Set(spent), new Set([asking, waiting]))
})

test('a request that is asked of the origin again after a while', async (t) => {
  const retry = { initial_backoff_ms: 2000, max_backoff_ms: 2000 }
  const { proxy, origin, clock } = await startWatched(t, { s3: { retry } })
  origin.serve('a.txt', 'hello').failWith(500, 'InternalError', { times: 1 })
  assert.equal((await advanceUntil(clock, proxy.get('/b/a.txt'))).status, 200)
  await proxy.untilLogged(2)

  assert.equal(phases(proxy)[0]?.['origin_backoff'], 1000) // the scripted dice: half of it
})

test('a request that fails by taking too long', async (t) => {
  const { proxy, origin, clock } = await startWatched(t, { server: { request_timeout_seconds: 3 } })
  const head = origin.serve('a.txt', 'hello').delayHead()
  const answer = proxy.get('/b/a.txt')
  await head.reached
  await clock.advance(3000)
  assert.equal((await answer).status, 504)
  head.release()
  await proxy.untilLogged(2)

  assert.equal(slowLines(proxy)[0]?.['status'], 504)
  assert.equal(phases(proxy)[0]?.['origin_first_byte'], 3000)
})

test('a request under the threshold is no slow one; a reload changes it for those that come after', async (t) => {
  const { proxy, origin, clock } = await startWatched(t)
  for (const key of ['a', 'b']) {
    const head = origin.serve(key, 'hello').delayHead()
    const answer = proxy.get(`/b/${key}`)
    await head.reached
    await proxy.reload({ top: { observability: { slow_query: { ...slow_query, threshold_ms: 400 } } } })
    await clock.advance(499)
    head.release()
    await answer
  }
  await proxy.untilLogged(3)
  assert.deepEqual(
    slowLines(proxy).map(({ path }) => path),
    ['/b/b'],
  )
})
