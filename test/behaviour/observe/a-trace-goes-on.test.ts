import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { startOtlpReceiver } from '../../support/otlp-receiver.ts'
import { type ProxySettings, startProxy } from '../../support/start-proxy.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const spanId = '00f067aa0ba902b7'
const sampled = `00-${traceId}-${spanId}-01`
const unsampled = `00-${traceId}-${spanId}-00`

async function startTraced(t: TestContext, tracing: object = {}, settings: ProxySettings = {}) {
  const collector = await startOtlpReceiver(t)
  const on = { enabled: true, endpoint: collector.endpoint, ...tracing }
  const stage = await startProxy(t, { ...settings, top: { observability: { tracing: on } } })
  stage.origin.serve('a.txt', 'hello')
  /** What the origin was told with the one request it got. */
  const told = () => {
    const [request] = stage.origin.requests('a.txt')
    return { traceparent: request?.headers['traceparent'], tracestate: request?.headers['tracestate'] }
  }
  return { ...stage, collector, told }
}

test('the client\u2019s trace is gone on with, and the origin is told of the span that asks it', async (t) => {
  const { proxy, collector, told } = await startTraced(t)
  await proxy.get('/b/a.txt', { headers: { traceparent: sampled, tracestate: 'other=1,more@sys=2' } })
  await proxy.stop()

  const [request] = collector.requests
  assert.equal(request?.traceId, traceId)
  assert.equal(request.parentSpanId, spanId)
  assert.equal(request.traceState, 'other=1,more@sys=2')
  const asked = collector.named('origin GET')
  assert.deepEqual(told(), { traceparent: `00-${traceId}-${asked.spanId}-01`, tracestate: 'other=1,more@sys=2' })
})

test('what is told to the origin is not signed: servers that drop it on the way would refuse the request', async (t) => {
  const { proxy, origin, told } = await startTraced(t)
  await proxy.get('/b/a.txt')

  assert.ok(told().traceparent)
  const [, signed = ''] = /SignedHeaders=([^,]*)/.exec(origin.requests('a.txt')[0]?.headers.authorization ?? '') ?? []
  assert.deepEqual(signed.split(';'), ['host', 'x-amz-content-sha256', 'x-amz-date'])
})

test('a request without a trace begins one', async (t) => {
  const { proxy, collector, told } = await startTraced(t)
  await proxy.get('/b/a.txt')
  await proxy.stop()

  const { traceId: own, spanId: asking } = collector.named('origin GET')
  assert.deepEqual(told(), { traceparent: `00-${own}-${asking}-01`, tracestate: undefined })
})

test('a trace that its beginner does not record is not recorded, and goes on as it came', async (t) => {
  const { proxy, collector, told } = await startTraced(t)
  await proxy.get('/b/a.txt', { headers: { traceparent: unsampled, tracestate: 'other=1' } })
  await proxy.stop()

  assert.deepEqual(told(), { traceparent: unsampled, tracestate: 'other=1' })
  assert.deepEqual(collector.spans, [])
  assert.equal(proxy.log[0]?.['trace_id'], traceId)
})

test('what is not sampled begins no trace', async (t) => {
  const { proxy, collector, told } = await startTraced(t, { sampling_ratio: 0.4 }) // chance says 0.5
  await proxy.get('/b/a.txt')
  await proxy.stop()

  assert.deepEqual(told(), { traceparent: undefined, tracestate: undefined })
  assert.deepEqual(collector.spans, [])
})

test('the beginner\u2019s decision beats the ratio', async (t) => {
  const { proxy, collector } = await startTraced(t, { sampling_ratio: 0 })
  await proxy.get('/b/a.txt', { headers: { traceparent: sampled } })
  await proxy.stop()

  assert.equal(collector.requests[0]?.traceId, traceId)
})

test('a context that is none begins a trace of its own', async (t) => {
  const { proxy, collector, told } = await startTraced(t)
  await proxy.get('/b/a.txt', { headers: { traceparent: sampled.toUpperCase(), tracestate: 'other=1' } })
  await proxy.stop()

  assert.notEqual(collector.requests[0]?.traceId, traceId)
  assert.equal(collector.requests[0]?.parentSpanId, '')
  assert.equal(told().tracestate, undefined)
})

test('fields that a bucket forwards do not stand beside the proxy\u2019s own', async (t) => {
  const bucket = { headers: { forward: ['traceparent', 'tracestate'] } }
  const { proxy, origin, collector } = await startTraced(t, {}, { bucket })
  await proxy.get('/b/a.txt', { headers: { traceparent: sampled } })
  await proxy.stop()

  const [request] = origin.requests('a.txt')
  const fields = request?.rawHeaders.filter((name) => name === 'traceparent') ?? []
  assert.equal(fields.length, 1)
  assert.equal(request?.headers['traceparent'], `00-${traceId}-${collector.named('origin GET').spanId}-01`)
})

test('without an exporter nothing is sent, and the origin and the log hear of the trace all the same', async (t) => {
  const { proxy, collector, told } = await startTraced(t, { exporter: 'none' })
  await proxy.get('/b/a.txt', { headers: { traceparent: sampled } })
  await proxy.stop()

  assert.match(String(told().traceparent), new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`))
  assert.equal(proxy.log[0]?.['trace_id'], traceId)
  assert.match(String(proxy.log[0]?.['span_id']), /^[0-9a-f]{16}$/)
  assert.deepEqual(collector.bodies, [])
})

test('probes begin no traces', async (t) => {
  const { proxy, collector } = await startTraced(t)
  await proxy.get('/health')
  await proxy.get('/ready')
  await proxy.stop()
  assert.deepEqual(collector.spans, [])
})
