import assert from 'node:assert/strict'
import { once } from 'node:events'
import { constants } from 'node:http2'
import test from 'node:test'
import { Abandoned } from '../../../src/base/errors.ts'
import type { ProxyRequest } from '../../../src/http/messages.ts'
import type { RejectReason } from '../../../src/http/refusal.ts'
import { Barrier } from '../../support/barrier.ts'
import { flag, frame, frameType, plainGet, requestFrames } from '../../support/http2-frames.ts'
import { connectFrames, read, startHttp2, startTlsListener } from './http2-client.ts'
import { echo, respond } from './rig.ts'

test('a request arrives as it was sent', async (t) => {
  let seen: ProxyRequest | undefined
  const { client } = await startHttp2(t, async (request) => {
    seen = request
    return respond('ok')
  })
  const sent = [':method', 'GET', ':path', '/a//b%2F%20c?x=1&y=%00?', ':scheme', 'https', ':authority', 'A.test.:443']
  const fields = ['x-mine', '1', 'x-mine', '2', 'if-none-match', '"a"', 'if-none-match', '"b"', 'x-byte', 'caf\xe9']
  await read(client.open([...sent, ...fields]))
  assert.equal(seen?.method, 'GET')
  assert.equal(seen.path, '/a//b%2F%20c')
  assert.equal(seen.query, 'x=1&y=%00?')
  assert.equal(seen.host, 'a.test')
  assert.equal(seen.clientAddress, '127.0.0.1')
  assert.equal(seen.hasBody, false)
  assert.equal(seen.header('x-mine'), '1, 2')
  assert.equal(seen.header('if-none-match'), '"a", "b"')
  assert.equal(seen.header(':path'), undefined)
  assert.equal(seen.header('constructor'), undefined)
  assert.deepEqual(seen.headers, fields)
})

test('crumbs of a cookie are one cookie again', async (t) => {
  const { client, done } = await startHttp2(t, echo)
  await read(client.open([...plainGet, 'cookie', 'a=1', 'cookie', 'b=2; c=3']))
  assert.equal(done[0]?.request.header('cookie'), 'a=1; b=2; c=3')
})

for (const [title, fields, host] of [
  ['the authority', [':authority', 'B.test:8443'], 'b.test'],
  ['Host, without an authority', ['host', 'C.test'], 'c.test'],
  ['both, when they agree', [':authority', 'd.test', 'host', 'D.test'], 'd.test'],
  ['an IPv6 authority', [':authority', '[::1]:8443'], '[::1]'],
] as const) {
  test(`the host is that of ${title}`, async (t) => {
    const rig = await startTlsListener(t, echo)
    const client = await connectFrames(rig)
    client.send(requestFrames(1, [':method', 'GET', ':scheme', 'https', ':path', '/x', ...fields]))
    assert.equal((await rig.untilDone(1)).request.host, host)
  })
}

const to = (path: string) => [':method', 'GET', ':scheme', 'https', ':authority', 'a.test', ':path', path]
const refused: readonly [string, readonly string[], number, RejectReason][] = [
  ['a Host that is not the authority', [...plainGet, 'host', 'b.test'], 400, 'bad-host'],
  ['another scheme', [':method', 'GET', ':scheme', 'ftp', ':authority', 'a.test', ':path', '/'], 400, 'bad-target'],
  ['a fragment', to('/a#b'), 400, 'bad-target'],
  ['a raw byte in the target', to('/\xe9'), 400, 'bad-target'],
  ['a target too long', to(`/${'a'.repeat(8192)}`), 414, 'uri-too-long'],
  ['a field too long', [...plainGet, 'x', 'a'.repeat(17_000)], 431, 'header-too-large'],
  [
    'many fields',
    [...plainGet, ...Array.from({ length: 900 }, () => ['x-mine', 'a'.repeat(20)]).flat()],
    431,
    'header-too-large',
  ],
  ['CONNECT', [':method', 'CONNECT', ':authority', 'a.test:443'], 405, 'connect'],
]
for (const [title, fields, status, reason] of refused) {
  test(`${title}: ${status}, counted as ${reason}, and the connection goes on`, async (t) => {
    const { client, rejected, untilDone, listener } = await startHttp2(t, echo)
    const answer = await read(client.open(fields))
    assert.equal(answer.status, status)
    const { error } = JSON.parse(answer.body.toString())
    assert.equal(error.status, status)
    assert.equal(answer.header('x-correlation-id'), error.correlation_id)
    assert.deepEqual(rejected, [reason])
    assert.equal((await client.get('/next')).body.toString(), '/next')
    assert.equal((await untilDone(1)).request.path, '/next')
    assert.equal(listener.activeRequests, 0)
  })
}

test('malformed requests are reset, and nobody hears of them', async (t) => {
  const rig = await startTlsListener(t, echo)
  const client = await connectFrames(rig)
  const malformed = [
    ['connection', 'close'],
    ['proxy-connection', 'close'],
    ['keep-alive', '1'],
    ['transfer-encoding', 'chunked'],
    ['upgrade', 'h2c'],
    ['te', 'gzip'],
    ['content-length', '1', 'content-length', '1'],
    ['content-length', '1, 1'],
    ['content-length', '+1'],
    ['X-Upper', 'a'],
    [':path', '/b'],
    [':unknown', 'a'],
    ['host', 'a.test', 'host', 'a.test'],
  ].map((fields) => [...plainGet, ...fields])
  malformed.push([':method', 'GET', ':scheme', 'https', ':path', '/', ':authority', 'u@a.test'])
  malformed.push(...['https://b.test/', 'x', '', '*'].map(to), plainGet.slice(2), plainGet.slice(0, -2))
  for (const [index, fields] of malformed.entries()) {
    const streamId = 2 * index + 1
    client.send(requestFrames(streamId, fields))
    const answer = await client.until((frame) => frame.streamId === streamId)
    assert.equal(answer.type, frameType.reset, fields.join(' '))
    assert.equal(answer.payload.readUInt32BE(), constants.NGHTTP2_PROTOCOL_ERROR)
  }
  client.send(requestFrames(101, [...plainGet, 'te', 'trailers']))
  await rig.untilDone(1)
  assert.equal(rig.done.length, 1)
})

test('a field with a character that none may have never arrives', async (t) => {
  const rig = await startTlsListener(t, echo)
  const client = await connectFrames(rig)
  for (const [index, value] of ['a\0b', 'a\r\nx-more: 1', 'a\nb', 'a\x01b'].entries()) {
    client.send(requestFrames(2 * index + 1, [...plainGet, 'x-mine', value]))
    assert.deepEqual((await rig.untilDone(index + 1)).request.headers, [])
  }
})

test('a field with space around its value is read without it, as in HTTP/1.1', async (t) => {
  const rig = await startTlsListener(t, echo)
  const client = await connectFrames(rig)
  client.send(requestFrames(1, [...plainGet, 'x-mine', ' a\t']))
  const { request } = await rig.untilDone(1)
  assert.deepEqual(request.headers, ['x-mine', 'a'])
  assert.equal(request.header('x-mine'), 'a')
})

test('a body is told of, in whatever way it comes', async (t) => {
  const options = { maxRequestBodyBytes: 5 }
  const rig = await startTlsListener(t, async (request) => respond(request.hasBody ? 'body' : 'none'), options)
  const client = await connectFrames(rig)
  const cases = [
    [[], flag.endStream, false],
    [['content-length', '0'], flag.endStream, false],
    [['content-length', '5'], 0, false],
    [['content-length', '6'], 0, true],
    [[], 0, true],
  ] as const
  for (const [index, [fields, flags, hasBody]] of cases.entries()) {
    client.send(requestFrames(2 * index + 1, [...plainGet, ...fields], flags))
    assert.equal((await rig.untilDone(index + 1)).request.hasBody, hasBody, `case ${index}`)
  }
})

test('a client that goes on sending a body that nobody wants reads its answer, and is told to stop', async (t) => {
  const rig = await startTlsListener(t, async () => respond('no', [], 413))
  const client = await connectFrames(rig)
  client.send(requestFrames(1, plainGet, 0))
  await client.until(({ type }) => type === frameType.data)
  client.send(frame(frameType.data, 0, 1, Buffer.alloc(16_000)))
  const { payload } = await client.until(({ type }) => type === frameType.reset)
  assert.equal(payload.readUInt32BE(), constants.NGHTTP2_NO_ERROR)
  client.send(requestFrames(3, plainGet))
  await rig.untilDone(2)
})

test('the client names its request, if the name is one', async (t) => {
  const { client, done } = await startHttp2(t, echo)
  await client.get('/', { 'x-correlation-id': 'abc.DEF_1-2' })
  await client.get('/', { 'x-correlation-id': 'a b' })
  assert.deepEqual(
    done.map(({ request }) => request.id),
    ['abc.DEF_1-2', '00000000-0000-4000-8000-000000000001'],
  )
})

test('the client address is what the trusted proxy says', async (t) => {
  const clientAddress = { trustedProxies: ['127.0.0.0/8'], source: 'forwarded' } as const
  const { client, done } = await startHttp2(t, echo, { clientAddress })
  await client.get('/', { forwarded: 'for=198.51.100.1' })
  assert.equal(done[0]?.request.clientAddress, '198.51.100.1')
})

test('requests on one connection are handled at once and answered as they are ready', async (t) => {
  const slow = new Barrier()
  const { client, listener, connections, untilDone } = await startHttp2(t, async (request) => {
    if (request.path === '/slow') await slow.arrive()
    return respond(request.path)
  })
  const first = client.get('/slow')
  await slow.reached
  assert.equal((await client.get('/quick')).body.toString(), '/quick')
  await untilDone(1)
  assert.equal(listener.activeRequests, 1)
  assert.deepEqual(connections, [1])
  slow.release()
  assert.equal((await first).body.toString(), '/slow')
  await untilDone(2)
  assert.equal(listener.activeRequests, 0)
  assert.equal(listener.openConnections, 1)
})

for (const method of ['GET', 'HEAD'] as const) {
  test(`a client that resets a ${method} while it waits is noticed, once`, async (t) => {
    const asked = new Barrier()
    let reason: unknown
    const { client, untilDone, listener } = await startHttp2(t, async ({ signal }) => {
      void asked.arrive()
      await once(signal, 'abort')
      reason = signal.reason
      return respond('too late')
    })
    const stream = client.open({ ':path': '/', ':method': method })
    await asked.reached
    stream.close(constants.NGHTTP2_CANCEL)
    assert.deepEqual((await untilDone(1)).sent, { bytes: 0, complete: false })
    assert.ok(reason instanceof Abandoned)
    assert.equal(listener.activeRequests, 0)
  })
}

test('a client that leaves while it waits is noticed on all its streams', async (t) => {
  const asked = new Barrier()
  let waiting = 0
  const { client, untilDone, noneOpen } = await startHttp2(t, async ({ signal }) => {
    waiting += 1
    if (waiting === 3) void asked.arrive()
    await once(signal, 'abort')
    return respond('too late')
  })
  for (let i = 0; i < 3; i++) client.open({ ':path': '/' })
  await asked.reached
  client.session.destroy()
  await untilDone(3)
  await noneOpen()
})

test('a request that was answered is never abandoned', async (t) => {
  const signals: AbortSignal[] = []
  const { client } = await startHttp2(t, async ({ signal }) => {
    signals.push(signal)
    return respond('ok')
  })
  await client.get('/')
  await client.get('/', { ':method': 'HEAD' })
  assert.deepEqual(
    signals.map(({ aborted }) => aborted),
    [false, false],
  )
})
