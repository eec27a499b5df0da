import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import { ProxyError } from '../../../src/base/errors.ts'
import { createTrace, type Trace } from '../../../src/base/trace.ts'
import type { EpochMs, RequestId } from '../../../src/base/types.ts'
import type { ProxyRequest, ProxyResponse, Sent } from '../../../src/http/messages.ts'
import { accessLog } from '../../../src/observe/access-log.ts'
import { createLogger } from '../../../src/observe/logger.ts'
import { measure } from '../../../src/observe/measure.ts'
import { createMetrics } from '../../../src/observe/metrics.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { samplesIn, samplesOf } from './samples.ts'

function requestOf(method = 'GET', path = '/demo/a%20b.txt'): ProxyRequest {
  const request = { id: 'id-1' as RequestId, method, host: 'h', path, query: 'token=secret', headers: [] }
  return {
    ...request,
    header: () => undefined,
    clientAddress: '192.0.2.7',
    receivedAt: 0 as EpochMs,
    hasBody: false,
    readBody: async () => new Uint8Array(0),
    signal: new AbortController().signal,
  }
}

const answer = (status = 200): ProxyResponse => ({ status, headers: [], body: { kind: 'empty' } })
const whole = (bytes: number): Sent => ({ bytes, complete: true })

function traceOf(facts: Partial<Trace>): Trace {
  return { ...createTrace(), ...facts }
}

function startLog(level = 'info') {
  const lines: Record<string, unknown>[] = []
  const output = createLogger({ level, format: 'json' }, systemClock, { write: (line) => lines.push(JSON.parse(line)) })
  return { log: accessLog(output, new FakeClock()), lines }
}

/** The line without what every line has. */
function fieldsOf(line: Record<string, unknown> = {}) {
  const { time, ...fields } = line
  assert.equal(typeof time, 'number')
  return fields
}

test('a request is one line with who, what and how, but not its query', () => {
  const { log, lines } = startLog()
  log(requestOf(), answer(206), traceOf({ bucket: 'demo', cache: 'hit', tier: 'memory' }), whole(100), 1.23456)

  assert.equal(lines.length, 1)
  assert.deepEqual(fieldsOf(lines[0]), {
    level: 30,
    correlation_id: 'id-1',
    client_ip: '192.0.2.7',
    method: 'GET',
    path: '/demo/a%20b.txt',
    status: 206,
    bytes: 100,
    duration_ms: 1.235,
    bucket: 'demo',
    cache: 'hit',
    tier: 'memory',
    msg: 'request',
  })
})

test('a request that is part of a trace says of which', () => {
  const { log, lines } = startLog()
  const [traceId, spanId] = ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7']
  log(requestOf(), answer(), traceOf({ traceId, spanId }), whole(1), 1)
  log(requestOf(), answer(), traceOf({ traceId }), whole(1), 1)
  const told = lines.map(({ trace_id, span_id }) => [trace_id, span_id])
  assert.deepEqual(told, [
    [traceId, spanId],
    [traceId, undefined],
  ])
})

test('what does not apply is left out of the line', () => {
  const { log, lines } = startLog()
  log(requestOf('GET', '/health'), answer(), traceOf({}), whole(2), 0)
  const expected = ['bytes', 'client_ip', 'correlation_id', 'duration_ms', 'level', 'method', 'msg', 'path', 'status']
  assert.deepEqual(Object.keys(fieldsOf(lines[0])).sort(), expected)
})

test("the client's own mistakes have their code and no stack", () => {
  const { log, lines } = startLog()
  log(requestOf(), answer(404), traceOf({ bucket: 'demo', cache: 'miss', error: 'NoSuchKey' }), whole(145), 5)
  const { level, error, err } = fieldsOf(lines[0])
  assert.deepEqual({ level, error, err }, { level: 30, error: 'NoSuchKey', err: undefined })
})

test('a failure is an error line with what was attempted and why it failed, and outlives a quieter level', () => {
  const { log, lines } = startLog('warn')
  const cause = new Error('connect ECONNREFUSED')
  const errorDetail = new ProxyError('OriginUnreachable', 'could not connect', { cause })
  log(requestOf(), answer(), traceOf({ bucket: 'demo', cache: 'hit' }), whole(1), 1)
  log(requestOf(), answer(504), traceOf({ bucket: 'demo', error: 'OriginUnreachable', errorDetail }), whole(149), 9)

  assert.equal(lines.length, 1)
  const { level, msg, error, err } = fieldsOf(lines[0])
  assert.deepEqual({ level, msg, error }, { level: 50, msg: 'request failed', error: 'OriginUnreachable' })
  const { message, stack } = err as { message: string; stack: string }
  assert.match(message, /could not connect: connect ECONNREFUSED/)
  assert.match(stack, /caused by: Error: connect ECONNREFUSED/)
})

test('a timeout says which limit was reached; the request counts its own, and leaves those of attempts to the origin', async () => {
  const { log, lines } = startLog()
  const metrics = createMetrics({ version: '0', node: '0' })
  const count = measure(metrics, new FakeClock())
  for (const timeout of ['connect', 'first-byte', 'head', 'idle', 'request'] as const) {
    const errorDetail = new ProxyError('OriginTimeout', 'waited in vain', { timeout })
    const trace = traceOf({ bucket: 'a', error: 'OriginTimeout', errorDetail })
    log(requestOf(), answer(504), trace, whole(1), 1)
    count(requestOf(), answer(504), trace, whole(1), 1)
  }

  assert.deepEqual(
    lines.map(({ timeout }) => timeout),
    ['connect', 'first-byte', 'head', 'idle', 'request'],
  )
  const counted = samplesOf(await metrics.registry.metrics(), 'yatagarasu_origin_timeouts_total')
  assert.deepEqual(counted, { '{bucket="a",kind="request"}': 1 })
})

test('a response that did not get to its end says so', () => {
  const { log, lines } = startLog()
  log(requestOf(), answer(), traceOf({ bucket: 'demo', cache: 'miss' }), { bytes: 7, complete: false }, 3)
  const { aborted, bytes } = fieldsOf(lines[0])
  assert.deepEqual({ aborted, bytes }, { aborted: true, bytes: 7 })
})

test('requests are counted by bucket, method and status; unusual methods are one', async () => {
  const metrics = createMetrics({ version: '0', node: '0' })
  const count = measure(metrics, new FakeClock())
  const seen = [
    ['GET', 200, 'a'],
    ['GET', 200, 'a'],
    ['GET', 404, 'a'],
    ['HEAD', 200, 'b'],
    ['PROPFIND', 405, 'b'],
    ['MKCOL', 405, 'b'],
  ] as const
  for (const [method, status, bucket] of seen)
    count(requestOf(method), answer(status), traceOf({ bucket }), whole(0), 1)
  count(requestOf('GET', '/health'), answer(200), traceOf({}), whole(0), 1)

  assert.deepEqual(samplesOf(await metrics.registry.metrics(), 'yatagarasu_http_requests_total'), {
    '{bucket="a",method="GET",status="200"}': 2,
    '{bucket="a",method="GET",status="404"}': 1,
    '{bucket="b",method="HEAD",status="200"}': 1,
    '{bucket="b",method="other",status="405"}': 2,
    '{bucket="",method="GET",status="200"}': 1,
  })
})

test('durations are seconds, by bucket and by what the cache did', async () => {
  const metrics = createMetrics({ version: '0', node: '0' })
  const count = measure(metrics, new FakeClock())
  count(requestOf(), answer(), traceOf({ bucket: 'a', cache: 'hit' }), whole(1), 3)
  count(requestOf(), answer(), traceOf({ bucket: 'a', cache: 'hit' }), whole(1), 250)
  count(requestOf(), answer(), traceOf({ bucket: 'a', cache: 'miss' }), whole(1), 2000)
  count(requestOf(), answer(), traceOf({ bucket: 'uncached' }), whole(1), 8)

  const text = await metrics.registry.metrics()
  const name = 'yatagarasu_http_request_duration_seconds'
  assert.deepEqual(samplesOf(text, `${name}_count`), {
    '{bucket="a",cache="hit"}': 2,
    '{bucket="a",cache="miss"}': 1,
    '{bucket="uncached",cache="none"}': 1,
  })
  assert.equal(samplesIn(text).get(`${name}_sum{bucket="a",cache="hit"}`), 0.253)
  assert.equal(samplesIn(text).get(`${name}_bucket{bucket="a",cache="hit",le="0.005"}`), 1)
  assert.equal(samplesIn(text).get(`${name}_bucket{bucket="a",cache="miss",le="1.0"}`), 0)
  assert.equal(samplesIn(text).get(`${name}_bucket{bucket="a",cache="miss",le="2.5"}`), 1)
})

test('bytes sent add up by bucket, and those who waited for another request are counted', async () => {
  const metrics = createMetrics({ version: '0', node: '0' })
  const count = measure(metrics, new FakeClock())
  count(requestOf(), answer(), traceOf({ bucket: 'a', cache: 'miss' }), whole(100), 1)
  count(requestOf(), answer(), traceOf({ bucket: 'a', cache: 'miss', collapsed: true }), whole(100), 1)
  count(requestOf(), answer(), traceOf({ bucket: 'a', cache: 'miss' }), { bytes: 42, complete: false }, 1)

  const text = await metrics.registry.metrics()
  assert.deepEqual(samplesOf(text, 'yatagarasu_http_response_bytes_total'), { '{bucket="a"}': 242 })
  assert.deepEqual(samplesOf(text, 'yatagarasu_cache_coalesced_requests_total'), { '{bucket="a"}': 1 })
})

const spared: readonly (readonly [string, Partial<Trace>, number, requests: number, bytes: number])[] = [
  ['a hit', { cache: 'hit' }, 200, 1, 100],
  ['a stale answer', { cache: 'stale' }, 200, 1, 100],
  ['a stale answer in place of a failure', { cache: 'stale', asked: true }, 200, 0, 100],
  ["another one's answer", { cache: 'miss', collapsed: true }, 200, 1, 100],
  [
    'an answer of its own after a wait for another',
    { cache: 'miss', collapsed: true, asked: true, ownBytes: 100 },
    200,
    0,
    0,
  ],
  ['a confirmed answer', { cache: 'revalidated', asked: true }, 200, 0, 100],
  ['a hit of which a part was missing', { cache: 'hit', asked: true, ownBytes: 40 }, 206, 0, 60],
  ['a miss', { cache: 'miss', asked: true, ownBytes: Number.POSITIVE_INFINITY }, 200, 0, 0],
  ['a miss of which not all was sent', { cache: 'miss', asked: true, ownBytes: 120 }, 200, 0, 0],
  ['a request that failed before the origin was asked', { cache: 'miss' }, 504, 0, 0],
  ['a remembered 404', { cache: 'hit', error: 'NoSuchKey' }, 404, 1, 0],
  ['a page of no bucket', {}, 200, 0, 0],
]

for (const [what, facts, status, requests, bytes] of spared) {
  test(`${what} spares the origin ${requests} requests and ${bytes} of 100 bytes`, async () => {
    const metrics = createMetrics({ version: '0', node: '0' })
    measure(metrics, new FakeClock())(requestOf(), answer(status), traceOf({ bucket: 'a', ...facts }), whole(100), 1)
    assert.deepEqual([metrics.requestsAvoided.read('a'), metrics.bytesAvoided.read('a')], [requests, bytes])
  })
}

test('durations carry the trace of the last request that has one recorded', async () => {
  const metrics = createMetrics({ version: '0', node: '0' })
  const count = measure(metrics, new FakeClock(1_700_000_000_000))
  const [recorded, dropped] = ['a', 'b'].map((digit) => digit.repeat(32))
  count(
    requestOf(),
    answer(),
    traceOf({ bucket: 'a', cache: 'hit', traceId: recorded, spanId: '1'.repeat(16) }),
    whole(1),
    3,
  )
  count(requestOf(), answer(), traceOf({ bucket: 'a', cache: 'hit', traceId: dropped }), whole(1), 3)
  const lines = (await metrics.registry.metrics('openmetrics')).split('\n').filter((line) => line.includes(' # '))
  assert.deepEqual(lines, [
    `yatagarasu_http_request_duration_seconds_bucket{bucket="a",cache="hit",le="0.005"} 2 # {trace_id="${recorded}"} 0.003 1700000000.000`,
  ])
})
