import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import { freePort } from '../../support/free-port.ts'
import { startOtlpReceiver } from '../../support/otlp-receiver.ts'
import { type ProxyUnderTest, startProxy } from '../../support/start-proxy.ts'

/** What the last batch may take, and as much again for a busy machine. */
const closesWithinMs = 5000

const complaints = (proxy: ProxyUnderTest) => proxy.log.filter(({ msg }) => msg === 'traces cannot be exported')

async function closedAfterMs(proxy: ProxyUnderTest): Promise<number> {
  const startedMs = performance.now()
  await proxy.stop()
  return performance.now() - startedMs
}

for (const exporter of ['otlp', 'zipkin']) {
  const tracingTo = (endpoint: string) => ({
    top: { observability: { tracing: { enabled: true, exporter, endpoint } } },
    clock: systemClock, // the SDK's own timers cannot be turned by hand
  })

  test(`a collector that is not there: requests are served, and closing goes on (${exporter})`, async (t) => {
    const { proxy, origin } = await startProxy(t, tracingTo(`http://127.0.0.1:${await freePort()}`))
    origin.serve('a.txt', 'hello')
    for (let times = 0; times < 700; times++) assert.equal((await proxy.get('/b/a.txt')).status, 200)
    assert.ok((await closedAfterMs(proxy)) < closesWithinMs)
    assert.equal(complaints(proxy).length, 1)
  })

  test(`a collector that never answers: requests are served, and closing goes on (${exporter})`, async (t) => {
    const collector = await startOtlpReceiver(t, () => {})
    const { proxy, origin } = await startProxy(t, tracingTo(collector.endpoint))
    origin.serve('a.txt', 'hello')
    assert.equal((await proxy.get('/b/a.txt')).status, 200)
    assert.ok((await closedAfterMs(proxy)) < closesWithinMs)
    assert.equal(complaints(proxy).length, 1)
  })

  test(`a collector whose answers come byte by byte: closing goes on, and it is told of (${exporter})`, async (t) => {
    const collector = await startOtlpReceiver(t, (request, response) => {
      request.resume()
      response.writeHead(200).flushHeaders()
      const drops = setInterval(() => response.write('.'), 100)
      response.on('close', () => clearInterval(drops))
    })
    const { proxy, origin } = await startProxy(t, tracingTo(collector.endpoint))
    origin.serve('a.txt', 'hello')
    for (let times = 0; times < 700; times++) await proxy.get('/b/a.txt')
    assert.ok((await closedAfterMs(proxy)) < closesWithinMs)
    assert.equal(complaints(proxy).length, 1)
  })

  test(`what a collector answers with does not fill the log (${exporter})`, async (t) => {
    const collector = await startOtlpReceiver(t, (request, response) => {
      request.resume()
      response.writeHead(400).end('no'.repeat(100_000))
    })
    const { proxy, origin } = await startProxy(t, tracingTo(collector.endpoint))
    origin.serve('a.txt', 'hello')
    await proxy.get('/b/a.txt')
    await proxy.stop()
    assert.ok(JSON.stringify(complaints(proxy)).length < 1000)
  })

  test(`a collector that answers with an error is told of once (${exporter})`, async (t) => {
    const collector = await startOtlpReceiver(t, (request, response) => {
      request.resume()
      response.writeHead(400).end('no')
    })
    const { proxy, origin } = await startProxy(t, tracingTo(collector.endpoint))
    origin.serve('a.txt', 'hello')
    for (let times = 0; times < 700; times++) await proxy.get('/b/a.txt')
    await proxy.stop()
    assert.equal(complaints(proxy).length, 1)
  })
}
