import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startOtlpReceiver } from '../../support/otlp-receiver.ts'
import { startProxy } from '../../support/start-proxy.ts'

interface ZipkinSpan {
  readonly [name: string]: unknown
  readonly tags: Readonly<Record<string, string>>
}

test('spans go to Zipkin as its own JSON', async (t) => {
  const collector = await startOtlpReceiver(t)
  const tracing = { enabled: true, exporter: 'zipkin', endpoint: collector.endpoint, service_name: 'edge' }
  const { proxy, origin, clock } = await startProxy(t, { top: { observability: { tracing } } })
  origin.serve('a.txt', 'hello')
  const startedAt = clock.now()
  await proxy.get('/b/a.txt')
  await proxy.stop()

  const spans = collector.bodies.flatMap(({ body }) => body as readonly ZipkinSpan[])
  assert.deepEqual([...new Set(collector.bodies.map(({ path }) => path))], ['/api/v2/spans'])
  const request = spans.find(({ kind }) => kind === 'SERVER')
  const asked = spans.find(({ kind }) => kind === 'CLIENT')
  assert.equal(request?.['name'], 'GET b')
  assert.deepEqual(request?.['localEndpoint'], { serviceName: 'edge' })
  assert.equal(request?.['timestamp'], startedAt * 1000)
  assert.equal(asked?.['name'], 'origin GET')
  assert.equal(asked?.['parentId'], request?.['id'])
  assert.equal(asked?.['traceId'], request?.['traceId'])
  assert.equal(asked?.tags['http.response.status_code'], '200')
})
