import assert from 'node:assert/strict'
import { registerHooks } from 'node:module'
import { test } from 'node:test'
import { startOtlpReceiver } from '../../support/otlp-receiver.ts'

/** Packages that were asked for since this file was loaded. */
const asked = new Set<string>()
registerHooks({
  resolve(specifier, context, next) {
    // The API alone is prom-client's as well.
    if (/^@opentelemetry\/(?!api$)/.test(specifier)) asked.add(specifier)
    return next(specifier, context)
  },
})

test('a proxy that does not trace loads none of its packages, and a reload that asks for traces does', async (t) => {
  const { startProxy } = await import('../../support/start-proxy.ts')
  const slow = { slow_query: { enabled: true } }
  const { proxy, origin } = await startProxy(t, { top: { observability: slow } })
  origin.serve('a.txt', 'hello')
  await proxy.get('/b/a.txt', { headers: { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' } })
  assert.deepEqual([...asked], [])
  assert.equal(origin.requests('a.txt')[0]?.headers['traceparent'], undefined)

  const collector = await startOtlpReceiver(t)
  const tracing = { enabled: true, endpoint: collector.endpoint }
  assert.deepEqual((await proxy.reload({ top: { observability: { tracing } } })).restartRequired, [])
  await proxy.get('/b/a.txt')
  await proxy.reload({})
  await proxy.get('/b/a.txt')
  await proxy.stop()

  assert.ok(asked.has('@opentelemetry/sdk-trace'))
  assert.equal(collector.requests.length, 1)
})
