import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import { makeFolder } from '../../support/disk-folders.ts'
import { startFakeOrigin } from '../../support/fake-origin.ts'
import { startOtlpReceiver } from '../../support/otlp-receiver.ts'
import { startOwnRedis } from '../../support/redis-server.ts'
import { type ProxySettings, startProxy, startProxyBefore } from '../../support/start-proxy.ts'
import { memoryAndDisk, onRedis } from '../tiers/rig.ts'

async function startCollector(t: TestContext) {
  const collector = await startOtlpReceiver(t)
  return { collector, top: { observability: { tracing: { enabled: true, endpoint: collector.endpoint } } } }
}

test('the disk is asked after memory, and what it found is told', async (t) => {
  const { collector, top } = await startCollector(t)
  const settings: ProxySettings = { cache: memoryAndDisk(await makeFolder(t)), top }
  const { proxy, origin, clock } = await startProxy(t, settings)
  origin.serve('a.txt', 'hello')
  await proxy.get('/b/a.txt')
  await proxy.stop()
  const again = await startProxyBefore(t, origin.endpoint, { ...settings, clock })
  await again.get('/b/a.txt')
  await again.stop()

  const hit = collector.requests.find(({ attributes }) => attributes['yatagarasu.cache'] === 'hit')
  assert.ok(hit)
  assert.deepEqual(collector.tree(hit), ['GET b > cache.get disk', 'GET b > cache.get memory', 'GET b > send'])
  const looked = collector.spans.filter(({ traceId, name }) => traceId === hit.traceId && name.startsWith('cache.get'))
  assert.deepEqual(
    new Map(looked.map(({ name, attributes }) => [name, attributes['yatagarasu.found']])),
    new Map([
      ['cache.get memory', false],
      ['cache.get disk', true],
    ]),
  )
})

test('Redis is a span of its own', async (t) => {
  const { collector, top } = await startCollector(t)
  const { url } = await startOwnRedis(t)
  const origin = await startFakeOrigin(t)
  const proxy = await startProxyBefore(t, origin.endpoint, { cache: onRedis(url), clock: systemClock, top })
  origin.serve('a.txt', 'hello')
  await proxy.get('/b/a.txt')
  await proxy.stop()

  const { attributes, traceId } = collector.named('cache.get redis')
  assert.equal(attributes['yatagarasu.found'], false)
  assert.equal(traceId, collector.requests[0]?.traceId)
})

test('a request in line is a span until it has its slot', async (t) => {
  const { collector, top } = await startCollector(t)
  const { proxy, origin, clock } = await startProxy(t, { server: { max_concurrent_requests: 1, queue_size: 1 }, top })
  const head = origin.serve('a.txt', 'hello').delayHead()
  const first = proxy.get('/b/a.txt')
  await head.reached
  const second = proxy.get('/b/a.txt')
  await proxy.untilActive(2)
  await clock.advance(700)
  head.release()
  await Promise.all([first, second])
  await proxy.stop()

  assert.equal(collector.named('queue').durationMs, 700)
})

test('limits that are kept elsewhere are a span', async (t) => {
  const { collector, top } = await startCollector(t)
  const rate_limiting = { enabled: true, per_ip: { requests_per_second: 5 } }
  const { proxy, origin } = await startProxy(t, { top: { ...top, rate_limiting } })
  origin.serve('a.txt', 'hello')
  await proxy.get('/b/a.txt')
  await proxy.stop()

  assert.equal(collector.named('admit').parentSpanId, collector.requests[0]?.spanId)
})
