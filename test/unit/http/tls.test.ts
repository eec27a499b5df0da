import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectSocket } from 'node:net'
import test from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { ProxyError } from '../../../src/base/errors.ts'
import { Barrier } from '../../support/barrier.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { certificateOfFile, Http2Client, startTlsListener } from './http2-client.ts'
import { echo, get, type Rig, respond, statuses } from './rig.ts'

const MiB = 1024 * 1024

/** A handshake of its own; rejects when it fails. */
async function shakeHands(rig: Rig, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({
    host: '127.0.0.1',
    port: Number(new URL(rig.url).port),
    rejectUnauthorized: false,
    ...options,
  })
  rig.atEnd(() => socket.destroy())
  await once(socket, 'secureConnect')
  return socket
}

/** Enough for what was sent on loopback to be read. */
async function someTurns(): Promise<void> {
  for (let turns = 0; turns < 20; turns++) await turn()
}

test('the listener says https, and speaks HTTP/1.1 to who knows nothing else', async (t) => {
  const rig = await startTlsListener(t, echo)
  assert.match(rig.url, /^https:\/\/127\.0\.0\.1:\d+$/)
  for (const options of [{}, { ALPNProtocols: ['http/1.1'] }]) {
    const client = await rig.connectTls(options)
    client.send(get('/1'))
    assert.match(await client.until('/1'), /^HTTP\/1\.1 200 .*Connection: keep-alive/s)
    client.send(get('/2', 'Connection: close'))
    await client.ended
    assert.match(client.text, /Connection: close\r\n\r\n\/2$/)
  }
})

test('HTTP/2 is chosen by who knows both, whatever is named first', async (t) => {
  const rig = await startTlsListener(t, echo)
  for (const ALPNProtocols of [['h2', 'http/1.1'], ['http/1.1', 'h2'], ['h2']]) {
    assert.equal((await shakeHands(rig, { ALPNProtocols })).alpnProtocol, 'h2')
  }
  const client = new Http2Client(rig.url)
  rig.atEnd(() => client.session.destroy())
  assert.equal((await client.get('/a')).body.toString(), '/a')
})

for (const [title, options, code] of [
  ['no protocol we know', { ALPNProtocols: ['spdy/3'] }, 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL'],
  ['TLS 1.1', { maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' }, /^ERR_SSL_/],
  [
    'a cipher without authentication of what it encrypts',
    { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256' },
    /HANDSHAKE_FAILURE/,
  ],
  [
    'a key exchange without forward secrecy',
    { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' },
    /HANDSHAKE_FAILURE/,
  ],
] as const) {
  test(`a client that offers ${title} is refused, and counted`, async (t) => {
    const rig = await startTlsListener(t, echo)
    await assert.rejects(shakeHands(rig, { ...options } as ConnectionOptions), { code })
    await Promise.all([rig.noneOpen(), rig.untilRejected()])
    assert.deepEqual(rig.rejected, ['tls'])
  })
}

test('TLS 1.2 is spoken unless 1.3 is the least', async (t) => {
  const older = { maxVersion: 'TLSv1.2' } as const
  const rig = await startTlsListener(t, echo)
  assert.equal((await shakeHands(rig, older)).getProtocol(), 'TLSv1.2')
  assert.equal((await shakeHands(rig)).getProtocol(), 'TLSv1.3')
  const tls = { minVersion: 'TLSv1.3', certificates: [await certificateOfFile()] } as const
  const strict = await startTlsListener(t, echo, { tls })
  await assert.rejects(shakeHands(strict, older), { code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' })
})

test('nobody gets a new handshake on a connection', async (t) => {
  const rig = await startTlsListener(t, echo)
  const socket = await shakeHands(rig, { maxVersion: 'TLSv1.2' })
  const closed = new Promise<NodeJS.ErrnoException>((resolve) => socket.once('error', resolve))
  socket.renegotiate({}, () => {})
  assert.match((await closed).code ?? '', /NO_RENEGOTIATION/)
})

test('a session is resumed', async (t) => {
  const rig = await startTlsListener(t, echo)
  const first = await shakeHands(rig)
  first.write(get('/'))
  const [session] = (await once(first, 'session')) as [Buffer]
  assert.equal((await shakeHands(rig, { session })).isSessionReused(), true)
})

for (const [title, text] of [
  ['HTTP in the clear', get('/')],
  ['the HTTP/2 preface in the clear', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['garbage', '\0\x01\x02\x03\x04\x05\x06\x07'],
  ['a record that is no handshake', '\x17\x03\x03\0\x01a'],
  ['half a handshake', '\x16\x03\x01\x02\0\x01\0'],
] as const) {
  test(`${title}, where TLS is spoken: closed, and counted`, async (t) => {
    const rig = await startTlsListener(t, echo)
    const client = await rig.connect()
    client.send(text)
    if (title.startsWith('half')) client.end()
    await client.ended
    await Promise.all([rig.noneOpen(), rig.untilRejected()])
    assert.deepEqual(rig.rejected, ['tls'])
    assert.deepEqual(statuses(client.text), [])
  })
}

test('a client that comes and goes without a word is no failed handshake', async (t) => {
  const rig = await startTlsListener(t, echo)
  for (const leave of ['end', 'reset'] as const) {
    const client = await rig.connect()
    while (rig.listener.openConnections === 0) await new Promise(setImmediate)
    client[leave]()
    await rig.noneOpen()
  }
  assert.deepEqual(rig.rejected, [])
})

test('a handshake that takes longer than a head may is cut, a byte now and then or not', async (t) => {
  const clock = new FakeClock()
  const rig = await startTlsListener(t, echo, { clock })
  const client = await rig.connect()
  const silent = await rig.connect()
  await clock.untilWaiting(2)
  for (const byte of ['\x16', '\x03', '\x01']) {
    client.send(byte)
    await someTurns()
    await clock.advance(9_999)
  }
  assert.equal(rig.listener.openConnections, 2)
  await clock.advance(3)
  await Promise.all([client.ended, silent.ended, rig.noneOpen()])
  await someTurns() // what else there is to tell comes now
  assert.deepEqual(rig.rejected, ['tls', 'tls'])
  assert.equal(clock.waiting, 0)
})

test('what HTTP/1.1 is refused for, it is refused for here', async (t) => {
  const rig = await startTlsListener(t, echo)
  for (const text of ['NONSENSE\r\n\r\n', get('/', 'Content-Length: 1', 'Transfer-Encoding: chunked')]) {
    const client = await rig.connectTls()
    client.send(text)
    await client.ended
    assert.deepEqual(statuses(client.text), [400])
  }
  assert.deepEqual(rig.rejected, ['bad-syntax', 'smuggling'])
})

test('a slow head is a 408, and an idle connection is closed', async (t) => {
  const slow = await startTlsListener(t, echo, { requestTimeoutMs: 400 })
  const client = await slow.connectTls()
  client.send('GET / HTTP/1.1\r\nHost: a')
  await client.ended
  assert.deepEqual(statuses(client.text), [408])
  const idle = await startTlsListener(t, echo, { keepAliveTimeoutMs: 1 })
  const served = await idle.connectTls()
  served.send(get('/1'))
  await served.ended
  assert.deepEqual(statuses(served.text), [200])
})

const large = { status: 200, headers: [], body: { kind: 'bytes', bytes: Buffer.alloc(64 * MiB, 'a') } } as const

test('a client that takes no byte is cut', async (t) => {
  const clock = new FakeClock()
  const rig = await startTlsListener(t, async () => large, { clock })
  const client = await rig.connectTls()
  client.pause()
  client.send(get('/'))
  for (; rig.done.length === 0; await turn()) await clock.advance(7500)
  assert.equal(rig.done[0]?.sent.complete, false)
})

test('a client that takes a little now and then is served to the end', async (t) => {
  const clock = new FakeClock()
  const rig = await startTlsListener(t, async () => large, { clock })
  const client = await rig.connectTls()
  client.pause()
  client.send(get('/', 'Connection: close'))
  while (rig.listener.activeRequests === 0) await turn()
  for (let round = 0; round < 4; round++) {
    await clock.advance(20_000)
    await client.take(16 * MiB)
  }
  assert.deepEqual((await rig.untilDone(1)).sent, { bytes: 64 * MiB, complete: true })
})

test('in HTTP/1.0 a source of unknown size that fails resets the connection', async (t) => {
  async function* failing() {
    yield Buffer.from('hel')
    throw new ProxyError('OriginTruncated', 'reading')
  }
  const answer = { status: 200, headers: [], body: { kind: 'stream', read: failing, discard() {} } } as const
  const rig = await startTlsListener(t, async () => answer)
  const client = await rig.connectTls()
  client.send('GET / HTTP/1.0\r\n\r\n')
  assert.equal((await client.closed).code, 'ECONNRESET')
  assert.equal((await rig.untilDone(1)).sent.complete, false)
})

test('a request in flight finishes while the listener drains, and so does a handshake', async (t) => {
  const barrier = new Barrier()
  const clock = new FakeClock()
  const rig = await startTlsListener(
    t,
    async (request) => {
      if (request.path === '/slow') await barrier.arrive()
      return respond(request.path)
    },
    { clock },
  )
  const client = await rig.connectTls()
  client.send(get('/slow'))
  await barrier.reached
  const { port } = new URL(rig.url)
  const socket = connectSocket({ host: '127.0.0.1', port: Number(port) })
  rig.atEnd(() => socket.destroy())
  await clock.untilWaiting(1)
  const drained = rig.listener.drain(60_000)
  await clock.untilWaiting(3)
  const late = connect({ socket, rejectUnauthorized: false })
  await once(late, 'secureConnect')
  late.write(get('/late'))
  const [answer] = (await once(late, 'data')) as [Buffer]
  assert.match(answer.toString(), /Connection: close\r\n\r\n\/late$/)
  barrier.release()
  await client.ended
  assert.match(client.text, /Connection: close\r\n\r\n\/slow$/)
  await drained
})

test('who has not finished the handshake a second into the drain is sent away', async (t) => {
  const clock = new FakeClock()
  const rig = await startTlsListener(t, echo, { clock })
  const client = await rig.connect()
  client.send('\x16\x03\x01')
  await someTurns()
  const drained = rig.listener.drain(60_000)
  await clock.untilWaiting(3)
  await clock.advance(1000)
  await Promise.all([drained, client.ended])
  await someTurns()
  assert.deepEqual(rig.rejected, [])
})
