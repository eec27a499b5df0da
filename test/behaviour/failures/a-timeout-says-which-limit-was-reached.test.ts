import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import { advanceUntil } from '../../support/advance-until.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { type RawScript, startRawServer } from '../../support/raw-server.ts'
import { type ProxyUnderTest, startProxyBefore } from '../../support/start-proxy.ts'

const kinds = ['connect', 'first-byte', 'head', 'idle', 'request']

/** One line in the log and one count of this kind, and none of another. */
async function assertTold(proxy: ProxyUnderTest, kind: string, status: number): Promise<void> {
  await proxy.untilLogged(1)
  const lines = proxy.log.map(({ status, error, timeout }) => ({ status, error, timeout }))
  assert.deepEqual(lines, [{ status, error: 'OriginTimeout', timeout: kind }])
  const labelled = (one: string) => proxy.metric('yatagarasu_origin_timeouts_total', { bucket: 'b', kind: one })
  assert.deepEqual(
    await Promise.all(kinds.map(labelled)),
    kinds.map((one) => (one === kind ? 1 : 0)),
  )
}

const oneAttempt = (timeout_seconds: number) => ({ s3: { timeout_seconds, retry: { max_attempts: 1 } } })

/** Sends this much of an answer, and then nothing. */
const begins =
  (bytes: string): RawScript =>
  async (connection) => {
    await connection.request()
    connection.send(bytes)
  }

test('an origin that takes no connection in time is a 504 with the timeout connect', async (t) => {
  const silent = await startRawServer(t, async () => undefined)
  const endpoint = silent.url.replace('http:', 'https:')
  const proxy = await startProxyBefore(t, endpoint, { clock: systemClock, ...oneAttempt(1) })
  assert.equal((await proxy.get('/b/a.txt')).status, 504)
  await assertTold(proxy, 'connect', 504)
})

for (const [kind, bytes, settings] of [
  ['first-byte', '', oneAttempt(2)],
  ['head', 'HTTP/1.1 200 OK\r\nETag: "a"\r\n', oneAttempt(2)],
  ['request', '', { server: { request_timeout_seconds: 2 } }],
] as const) {
  test(`an origin whose head does not come is a 504 with the timeout ${kind}`, async (t) => {
    const clock = new FakeClock()
    const server = await startRawServer(t, begins(bytes))
    const proxy = await startProxyBefore(t, server.url, { clock, ...settings })
    assert.equal((await advanceUntil(clock, proxy.get('/b/a.txt'))).status, 504)
    await assertTold(proxy, kind, 504)
  })
}

test('an origin that stops in the middle of a body cuts the response, with the timeout idle', async (t) => {
  const clock = new FakeClock()
  const server = await startRawServer(t, begins('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ncr'))
  const proxy = await startProxyBefore(t, server.url, { clock, ...oneAttempt(2) })
  const { statusCode, body } = await proxy.open('/b/a.txt')
  await assert.rejects(advanceUntil(clock, body.arrayBuffer()))
  await assertTold(proxy, 'idle', statusCode)
})
