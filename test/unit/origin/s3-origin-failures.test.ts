import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { FakeClock } from '../../support/fake-clock.ts'
import { always, type RawScript, startRawServer } from '../../support/raw-server.ts'
import { answer, ask, askForObject, failsWith, originAt, textOf, timesOut } from './rig.ts'

const broken: [what: string, bytes: string][] = [
  ['no HTTP', 'SSH-2.0-OpenSSH\r\n\r\n'],
  ['a Content-Length that is no number', answer(200, ['Content-Length: ten'])],
  ['a negative Content-Length', answer(200, ['Content-Length: -1'])],
  ['two Content-Lengths', answer(200, ['Content-Length: 1', 'Content-Length: 2'], 'ab')],
  [
    'both Content-Length and a transfer coding',
    answer(200, ['Content-Length: 3', 'Transfer-Encoding: chunked'], '0\r\n\r\n'),
  ],
  ['a Content-Length beyond counting', answer(200, ['Content-Length: 9007199254740993'])],
  ['a control character in a field', answer(200, ['x-amz-meta-bell: \u0007'])],
  ['a 100 (Continue) that nobody waits for', `HTTP/1.1 100 Continue\r\n\r\n${answer(200)}`],
  ['a switch of protocols', 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'],
  ['a head that does not end', `HTTP/1.1 200 OK\r\nX-A: ${'x'.repeat(70_000)}`],
]
for (const [what, bytes] of broken) {
  test(`an answer with ${what} is malformed, told once, and costs the connection`, async (t) => {
    const server = await startRawServer(t, always(bytes))
    const { origin } = originAt(t, server.url)
    await assert.rejects(ask(origin), failsWith('OriginMalformed'))
    await server.connections[0]?.closed()
    assert.equal(server.requests.length, 1)
  })
}

test('a refused connection is OriginUnreachable', async (t) => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  const { origin, events } = originAt(t, `http://127.0.0.1:${port}`)
  await assert.rejects(ask(origin), failsWith('OriginUnreachable'))
  assert.deepEqual(events.answers, ['error'])
})

test('a host name without an address is OriginUnreachable', async (t) => {
  const { origin } = originAt(
    t,
    'http://nowhere.invalid',
    {},
    { lookup: (name, _options, found) => found(new Error(name), []) },
  )
  await assert.rejects(ask(origin), failsWith('OriginUnreachable'))
})

test('TLS that is none is OriginUnreachable', async (t) => {
  const server = await startRawServer(t, async (connection) => connection.send('HTTP/1.1 400 Bad Request\r\n\r\n'))
  const { origin } = originAt(t, server.url.replace('http:', 'https:'))
  await assert.rejects(ask(origin), failsWith('OriginUnreachable'))
})

test('a TLS handshake that does not come about in time is OriginTimeout', async (t) => {
  const server = await startRawServer(t, async () => undefined)
  const { origin, events } = originAt(t, server.url.replace('http:', 'https:'), { timeoutMs: 30 })
  await assert.rejects(ask(origin), timesOut('connect'))
  assert.deepEqual(events.timeouts, ['connect'])
})

test('a connection that closes without an answer is OriginTruncated, and not tried again here', async (t) => {
  const server = await startRawServer(t, async (connection) => {
    await connection.request()
    connection.close()
  })
  const { origin } = originAt(t, server.url)
  await assert.rejects(ask(origin), failsWith('OriginTruncated'))
  assert.equal(server.requests.length, 1)
})

test('a connection that closes inside the head is OriginTruncated', async (t) => {
  const server = await startRawServer(t, async (connection) => {
    await connection.request()
    connection.send('HTTP/1.1 200 OK\r\nContent-Le')
    connection.close()
  })
  await assert.rejects(ask(originAt(t, server.url).origin), failsWith('OriginTruncated'))
})

test('an answer that does not come in time is OriginTimeout', async (t) => {
  const clock = new FakeClock()
  const server = await startRawServer(t, async (connection) => {
    await connection.request()
    await clock.advance(1000)
  })
  const { origin, events } = originAt(t, server.url, { timeoutMs: 1000 }, { clock })
  await assert.rejects(ask(origin), timesOut('first-byte'))
  await server.connections[0]?.closed()
  assert.deepEqual(events.answers, ['error'])
  assert.deepEqual(events.timeouts, ['first-byte'])
})

/** What was sent waits in the socket of the other side at once, which reads it in the next round of the event loop at the latest. */
async function isRead(): Promise<void> {
  for (let round = 0; round < 2; round++) await turn()
}

test('a head that trickles in must still be whole in time', async (t) => {
  const clock = new FakeClock()
  const server = await startRawServer(t, async (connection) => {
    await connection.request()
    connection.send('HTTP/1.1 200 OK\r\n')
    await isRead()
    await clock.advance(999)
    connection.send('X-A: 1\r\n')
    await isRead()
    await clock.advance(1)
  })
  const { origin, events } = originAt(t, server.url, { timeoutMs: 1000 }, { clock })
  await assert.rejects(ask(origin), timesOut('head'))
  assert.deepEqual(events.timeouts, ['head'])
})

/** Sends these bytes as the answer to one request, then closes. */
const thenCloses =
  (bytes: string): RawScript =>
  async (connection) => {
    await connection.request()
    connection.send(bytes)
    connection.close()
  }

const cutShort: [what: string, bytes: string][] = [
  ['short of Content-Length', answer(200, ['Content-Length: 10'], 'abc')],
  ['before the last chunk', answer(200, ['Transfer-Encoding: chunked'], '3\r\nabc\r\n')],
  ['inside a chunk', answer(200, ['Transfer-Encoding: chunked'], '8\r\nabc')],
  [
    'inside a chunk, announced with Connection: close',
    answer(200, ['Transfer-Encoding: chunked', 'Connection: close'], '8\r\nabc'),
  ],
  [
    'short of Content-Length, announced with Connection: close',
    answer(200, ['Content-Length: 10', 'Connection: close'], 'abc'),
  ],
]
for (const [what, bytes] of cutShort) {
  test(`a body that ends ${what} gives its bytes and then OriginTruncated`, async (t) => {
    const { origin } = originAt(t, (await startRawServer(t, thenCloses(bytes))).url)
    const { body } = await askForObject(origin)
    let text = ''
    const reading = (async () => {
      for await (const chunk of body) text += Buffer.from(chunk).toString('latin1')
    })()
    await assert.rejects(reading, failsWith('OriginTruncated'))
    assert.equal(text, 'abc')
  })
}

const ranged = (framing: string, body: string) =>
  answer(206, [framing, 'Content-Range: bytes 0-4/5', 'Connection: close'], body)

test('a 206 of unknown length that ends short of its range is OriginTruncated', async (t) => {
  for (const bytes of [ranged('X-A: 1', 'abc'), ranged('Transfer-Encoding: chunked', '3\r\nabc\r\n0\r\n\r\n')]) {
    const { origin } = originAt(t, (await startRawServer(t, thenCloses(bytes))).url)
    const { body } = await askForObject(origin, { range: { start: 0 } })
    await assert.rejects(textOf(body), failsWith('OriginTruncated'))
  }
})

test('a 206 of unknown length that goes beyond its range is OriginMalformed', async (t) => {
  const { origin } = originAt(t, (await startRawServer(t, thenCloses(ranged('X-A: 1', 'abcdefgh')))).url)
  const { body } = await askForObject(origin, { range: { start: 0 } })
  await assert.rejects(textOf(body), failsWith('OriginMalformed'))
})

test('a body that is not framed as it says is OriginMalformed', async (t) => {
  const bytes = answer(200, ['Transfer-Encoding: chunked'], '3\r\nabc\r\nzz\r\n')
  const { body } = await askForObject(originAt(t, (await startRawServer(t, thenCloses(bytes))).url).origin)
  await assert.rejects(textOf(body), failsWith('OriginMalformed'))
})

test('a body that falls silent is OriginTimeout, each chunk before having begun the wait anew', async (t) => {
  const clock = new FakeClock()
  const server = await startRawServer(t, async (connection) => {
    await connection.request()
    connection.send(answer(200, ['Content-Length: 10'], 'a'))
  })
  const { origin, events } = originAt(t, server.url, { timeoutMs: 1000 }, { clock })
  const chunks = (await askForObject(origin)).body[Symbol.asyncIterator]()
  await chunks.next()
  await clock.advance(999)
  server.connections[0]?.send('b')
  await chunks.next()
  let isOver = false
  const silence = assert.rejects(chunks.next(), timesOut('idle')).finally(() => {
    isOver = true
  })
  await clock.advance(999)
  assert.equal(isOver, false)
  await clock.advance(1)
  await silence
  await server.connections[0]?.closed()
  assert.deepEqual(events.timeouts, ['idle'])
})

test('the wait for more stands still while nobody reads, and begins anew when somebody does', async (t) => {
  const clock = new FakeClock()
  const server = await startRawServer(t, async (connection) => {
    await connection.request()
    connection.send(answer(200, ['Content-Length: 1000000'], 'x'.repeat(500_000)))
  })
  const { origin, events } = originAt(t, server.url, { timeoutMs: 1000 }, { clock })
  const chunks = (await askForObject(origin)).body[Symbol.asyncIterator]()
  while (events.receivedBytes < 64 * 1024) await turn()
  await clock.advance(5000)
  for (let bytes = 0; bytes < 500_000; ) bytes += (await chunks.next()).value?.length ?? 0
  const silence = assert.rejects(chunks.next(), timesOut('idle'))
  await clock.advance(1000)
  await silence
})

test('credentials that are not to be had fail the request before it is sent', async (t) => {
  const server = await startRawServer(t, always(answer(200)))
  const credentials = { current: () => Promise.reject(new Error('none')) }
  await assert.rejects(ask(originAt(t, server.url, {}, { credentials }).origin), { message: 'none' })
  assert.equal(server.connections.length, 0)
})
