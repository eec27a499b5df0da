import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { startFakeOrigin } from '../support/fake-origin.ts'
import { startProxyProcess } from '../support/proxy-process.ts'
import { configFor } from '../support/start-proxy.ts'
import { expectedBytes } from '../support/synthetic-bytes.ts'

const size = 8 * 1024 * 1024

/** A proxy with a download of `film` under way, half of it held back by the origin. */
async function downloading(t: TestContext, server: Record<string, unknown> = {}) {
  const origin = await startFakeOrigin(t)
  const proxy = await startProxyProcess(
    t,
    configFor(origin.endpoint, { server: { shutdown_timeout_seconds: 20, ...server } }),
  )
  const dispatcher = new Agent()
  t.after(() => dispatcher.destroy())
  const hold = origin.serve('film', { size, seed: 1 }).holdAt(size / 2)
  const { body } = await request(`${proxy.main}/b/film`, { dispatcher })
  await hold.reached
  const isReady = async () => (await request(`${proxy.metrics}/ready`, { dispatcher })).statusCode === 200
  const draining = async () => {
    while (await isReady()) await turn()
  }
  return { proxy, hold, body, isReady, draining, dispatcher }
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} finishes the download in flight, takes nothing new, is not ready meanwhile, and exits 0`, async (t) => {
    const { proxy, hold, body, isReady, draining, dispatcher } = await downloading(t)
    assert.equal(await isReady(), true)

    proxy.signal(signal)
    await draining()
    // Reset: a connection that the kernel took in the moment before the listener closed.
    await assert.rejects(request(`${proxy.main}/health`, { dispatcher }), { code: /^ECONN(REFUSED|RESET)$/ })
    hold.release()

    const bytes = Buffer.from(await body.arrayBuffer())
    assert.ok(bytes.equals(expectedBytes(1, 0, size)))
    assert.equal(await proxy.exited, 0)
    assert.ok(
      proxy.stdout.some((line) => line.includes('"path":"/b/film"')),
      'the last request is in the log',
    )
  })
}

test('a second signal exits 1 at once', async (t) => {
  const { proxy, body, draining } = await downloading(t)
  const broken = assert.rejects(body.arrayBuffer())

  proxy.signal('SIGTERM')
  await draining()
  proxy.signal('SIGTERM')

  assert.equal(await proxy.exited, 1)
  await broken
})

test('a download that outlasts the drain limit is cut, visibly, and the exit is clean', async (t) => {
  const { proxy, body } = await downloading(t, { shutdown_timeout_seconds: 1 })
  const broken = assert.rejects(body.arrayBuffer())

  assert.equal(await proxy.stop(), 0)
  await broken
})

test('without a request in flight the end is prompt, idle connections or not', async (t) => {
  const { proxy, hold, body } = await downloading(t)
  hold.release()
  await body.arrayBuffer()

  assert.equal(await proxy.stop(), 0)
})
