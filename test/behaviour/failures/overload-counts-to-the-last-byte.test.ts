import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { type GetOptions, type ProxyUnderTest, type Stage, startProxy } from '../../support/start-proxy.ts'
import { longerThanBuffers, readFirst, until } from '../streaming/rig.ts'

const server = { max_concurrent_requests: 1 }

test('a reader that takes its time holds its slot until the last byte is out', async (t) => {
  const { proxy, origin } = await startProxy(t, { server })
  origin.serve('film', { size: longerThanBuffers, seed: 1 })
  origin.serve('a.txt', 'crow')

  const { body } = await proxy.open('/b/film')
  await readFirst(body, 1000)
  assert.equal((await proxy.get('/b/a.txt')).status, 503)

  for await (const _chunk of body);
  await proxy.untilLogged(2)
  assert.equal((await proxy.get('/b/a.txt')).status, 200)
})

test('requests that follow one another on a connection need one slot', async (t) => {
  const { proxy, origin } = await startProxy(t, { server })
  origin.serve('a.txt', 'crow')
  const { hostname, port } = new URL(proxy.main)
  const socket = connect(Number(port), hostname)
  t.after(() => socket.destroy())
  socket.write('GET /b/a.txt HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(3))
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk) => {
    text += chunk
  })
  while (text.split('crow').length < 4 && !text.includes(' 503 ')) await once(socket, 'data')
  assert.equal(text.match(/HTTP\/1\.1 200 /g)?.length, 3)
})

interface Ending {
  readonly path?: string
  readonly options?: GetOptions
  readonly status: number
  readonly prepare?: (stage: Stage) => void
}

const endings: Readonly<Record<string, Ending>> = {
  'a miss or a hit': { status: 200 },
  'a HEAD': { options: { method: 'HEAD' }, status: 200 },
  'an answer without a body': { options: { headers: { 'if-none-match': '*' } }, status: 304 },
  'a range': { options: { headers: { range: 'bytes=1-2' } }, status: 206 },
  'a preflight': { options: { method: 'OPTIONS' }, status: 204 },
  'a missing object': { path: '/b/missing', status: 404 },
  'a method that is not allowed': { options: { method: 'DELETE' }, status: 405 },
  'a failing origin': {
    prepare: ({ origin }) => origin.serve('a.txt', '').failWith(500, 'InternalError'),
    status: 502,
  },
}

for (const [name, { path = '/b/a.txt', options = {}, status, prepare }] of Object.entries(endings)) {
  test(`${name} gives its slot back`, async (t) => {
    const stage = await startProxy(t, { server, s3: { retry: { max_attempts: 1 } } })
    stage.origin.serve('a.txt', 'crow')
    prepare?.(stage)
    for (let done = 1; done <= 3; done++) {
      assert.equal((await stage.proxy.get(path, options)).status, status)
      await stage.proxy.untilLogged(done)
    }
  })
}

const departures: Readonly<Record<string, (stage: Stage, signal: AbortSignal) => Promise<unknown>>> = {
  async 'before its answer'({ proxy, origin }, signal) {
    const head = origin.serve('film', 'crow').delayHead()
    const reader = gone(proxy, signal)
    await head.reached
    return reader
  },
  async 'in the middle of a body'({ proxy, origin }, signal) {
    origin.serve('film', { size: longerThanBuffers, seed: 1 })
    const { body } = await proxy.open('/b/film', { signal })
    body.on('error', () => undefined)
    return readFirst(body, 1000)
  },
}

for (const [when, arrive] of Object.entries(departures)) {
  test(`a client that leaves ${when} gives its slot back`, async (t) => {
    const stage = await startProxy(t, { server })
    stage.origin.serve('a.txt', 'crow')
    const leaving = new AbortController()
    void arrive(stage, leaving.signal)
    await until(async () => (await stage.proxy.metric('yatagarasu_active_requests')) === 1)
    await stage.origin.arrival('film')
    assert.equal((await stage.proxy.get('/b/a.txt')).status, 503)
    leaving.abort()
    await stage.proxy.untilLogged(2)
    assert.equal((await stage.proxy.get('/b/a.txt')).status, 200)
  })
}

test('a body that breaks off gives its slot back', async (t) => {
  const { proxy, origin } = await startProxy(t, { server, s3: { retry: { max_attempts: 1 } } })
  origin.serve('film', { size: 100_000, seed: 1 }).dropAt(50_000)
  origin.serve('a.txt', 'crow')
  await assert.rejects(proxy.get('/b/film'))
  await proxy.untilLogged(1)
  assert.equal((await proxy.get('/b/a.txt')).status, 200)
})

async function gone(proxy: ProxyUnderTest, signal: AbortSignal): Promise<void> {
  await assert.rejects(proxy.get('/b/film', { signal }))
}
