import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectSocket } from 'node:net'
import test, { type TestContext } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { FakeClock } from '../../support/fake-clock.ts'
import { certificateOfFile } from './http2-client.ts'
import { binaryHeader, v4, v6 } from './proxy-header.ts'
import { echo, get, type RigOptions, startListener, statuses } from './rig.ts'

const believed = { trustedProxies: ['127.0.0.0/8'], source: 'proxy-protocol' } as const
const header = 'PROXY TCP4 198.51.100.1 203.0.113.7 56324 443\r\n'
const closing = get('/', 'Connection: close')

const start = (t: TestContext, options: RigOptions = {}) =>
  startListener(t, echo, { clientAddress: believed, ...options })

for (const [title, said, address] of [
  ['version 1', header, '198.51.100.1'],
  ['version 1, IPv6', 'PROXY TCP6 2001:DB8:0:0::1 ::1 1 2\r\n', '2001:db8::1'],
  ['version 1, a v4-mapped address', 'PROXY TCP6 ::ffff:198.51.100.1 ::1 1 2\r\n', '198.51.100.1'],
  ['version 1, unknown', 'PROXY UNKNOWN\r\n', '127.0.0.1'],
  ['version 2', binaryHeader(0x21, 0x11, v4('198.51.100.2'), Buffer.alloc(20)), '198.51.100.2'],
  ['version 2, IPv6', binaryHeader(0x21, 0x21, v6('20010db8000000000000000000000001')), '2001:db8::1'],
  ['version 2, v4-mapped', binaryHeader(0x21, 0x21, v6('00000000000000000000ffffc6336401')), '198.51.100.1'],
  ['version 2, LOCAL', binaryHeader(0x20, 0), '127.0.0.1'],
] as const) {
  test(`${title}: the client is ${address}, on each request of the connection`, async (t) => {
    const rig = await start(t)
    const text = `${said.toString('latin1')}${get('/1')}${closing}`
    assert.deepEqual(statuses(await rig.converse(text)), [200, 200])
    await rig.untilDone(2)
    assert.deepEqual(
      rig.done.map(({ request }) => request.clientAddress),
      [address, address],
    )
    assert.deepEqual(rig.rejected, [])
  })
}

test('a header that comes byte by byte is one, and what comes with its last byte is the request', async (t) => {
  const rig = await start(t)
  const client = await rig.connect()
  for (const byte of header) {
    client.send(byte)
    await new Promise(setImmediate)
  }
  client.send(get('/1'))
  await client.until('/1')
  client.send(closing)
  await client.ended
  assert.equal(rig.done[0]?.request.clientAddress, '198.51.100.1')
})

test('no field is believed beside it', async (t) => {
  const rig = await start(t)
  const fields = ['Forwarded: for=192.0.2.9', 'X-Forwarded-For: 192.0.2.9', 'Proxy-Protocol: 192.0.2.9']
  await rig.converse(`${header}${get('/', ...fields, 'Connection: close')}`)
  await rig.converse(`PROXY UNKNOWN\r\n${get('/', ...fields, 'Connection: close')}`)
  await rig.untilDone(2)
  assert.deepEqual(
    rig.done.map(({ request }) => request.clientAddress),
    ['198.51.100.1', '127.0.0.1'],
  )
})

test('a client that a proxy names is not believed itself, were it a trusted proxy elsewhere', async (t) => {
  const rig = await start(t)
  const said = 'PROXY TCP4 127.0.0.9 127.0.0.1 1 2\r\n'
  await rig.converse(`${said}${get('/', 'X-Forwarded-For: 192.0.2.9', 'Connection: close')}`)
  assert.equal((await rig.untilDone(1)).request.clientAddress, '127.0.0.9')
  assert.deepEqual(statuses(await rig.converse(`${said}${said}${closing}`)), [400])
})

test('from a stranger a header is bad syntax, and none is missed', async (t) => {
  const rig = await start(t, { clientAddress: { ...believed, trustedProxies: ['192.0.2.0/24'] } })
  assert.deepEqual(statuses(await rig.converse(closing)), [200])
  assert.deepEqual(statuses(await rig.converse(`${header}${closing}`)), [400])
  const binary = binaryHeader(0x21, 0x11, v4('198.51.100.2')).toString('latin1')
  assert.deepEqual(statuses(await rig.converse(`${binary}${closing}`)), [400])
  assert.equal(rig.done[0]?.request.clientAddress, '127.0.0.1')
  assert.deepEqual(rig.rejected, ['bad-syntax', 'bad-syntax'])
})

test('where fields tell of clients, a header is bad syntax from anybody', async (t) => {
  const rig = await start(t, { clientAddress: { ...believed, source: 'x-forwarded-for' } })
  assert.deepEqual(statuses(await rig.converse(`${header}${closing}`)), [400])
})

for (const [title, text] of [
  ['no header', closing],
  ['a malformed header', `PROXY TCP4 x y 1 2\r\n${closing}`],
  ['a header too long', `PROXY UNKNOWN ${'a'.repeat(4096)}`],
  ['TLS', '\x16\x03\x01\x02\0\x01\0'],
] as const) {
  test(`${title} from a trusted proxy: closed without a word, and counted`, async (t) => {
    const rig = await start(t)
    assert.equal(await rig.converse(text), '')
    assert.deepEqual(rig.rejected, ['proxy-protocol'])
    assert.equal(rig.done.length, 0)
  })
}

test('half a header is none', async (t) => {
  const rig = await start(t)
  const client = await rig.connect()
  client.send(header.slice(0, 20))
  client.end()
  await Promise.all([client.ended, rig.untilRejected()])
  assert.deepEqual(rig.rejected, ['proxy-protocol'])
})

for (const leave of ['end', 'reset'] as const) {
  test(`a look whether anybody is there is no rejected connection, with ${leave} at its end`, async (t) => {
    const clock = new FakeClock()
    const rig = await start(t, { clock })
    const client = await rig.connect()
    await clock.untilWaiting(1)
    client[leave]()
    await rig.noneOpen()
    assert.deepEqual(rig.rejected, [])
    assert.equal(clock.waiting, 0)
  })
}

test('a header that takes longer than a head may is cut, a byte now and then or not', async (t) => {
  const clock = new FakeClock()
  const rig = await start(t, { clock })
  const client = await rig.connect()
  await clock.untilWaiting(1)
  for (const byte of 'PRO') {
    client.send(byte)
    await clock.advance(9_999)
  }
  assert.equal(rig.listener.openConnections, 1)
  await clock.advance(3)
  await client.ended
  assert.deepEqual(rig.rejected, ['proxy-protocol'])
  assert.equal(clock.waiting, 0)
})

test('once the header is there, the time for it is over', async (t) => {
  const clock = new FakeClock()
  const rig = await start(t, { clock })
  const client = await rig.connect()
  client.send(`${header}${get('/1')}`)
  await client.until('/1')
  await clock.advance(60_000)
  client.send(get('/2', 'Connection: close'))
  await client.ended
  assert.deepEqual(statuses(client.text), [200, 200])
})

test('a header in the clear comes before TLS, and the time for both is one', async (t) => {
  const clock = new FakeClock()
  const tls = { minVersion: 'TLSv1.2', certificates: [await certificateOfFile()] } as const
  const rig = await start(t, { tls, clock })
  const port = Number(new URL(rig.url).port)
  const socket = connectSocket({ host: '127.0.0.1', port })
  rig.atEnd(() => socket.destroy())
  socket.write(header)
  const secure = connectTls({ socket, rejectUnauthorized: false })
  await once(secure, 'secureConnect')
  secure.write(closing)
  const chunks: Buffer[] = []
  for await (const chunk of secure) chunks.push(chunk)
  assert.deepEqual(statuses(Buffer.concat(chunks).toString()), [200])
  assert.equal((await rig.untilDone(1)).request.clientAddress, '198.51.100.1')

  const slow = await rig.connect()
  await clock.untilWaiting(1)
  await clock.advance(20_000)
  slow.send(header)
  await new Promise(setImmediate)
  await clock.advance(10_000)
  await slow.ended
  assert.equal(rig.rejected.length, 1)
})

test('a hello that comes in one piece with the header is the beginning of TLS', async (t) => {
  const tls = { minVersion: 'TLSv1.2', certificates: [await certificateOfFile()] } as const
  const rig = await start(t, { tls })
  const client = await rig.connect()
  client.send(`${header}GET / HTTP/1.1\r\n\r\n`)
  await Promise.all([client.ended, rig.untilRejected()])
  assert.deepEqual(rig.rejected, ['tls'])
})
