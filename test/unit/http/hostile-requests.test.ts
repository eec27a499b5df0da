import assert from 'node:assert/strict'
import { once } from 'node:events'
import test from 'node:test'
import { type RejectReason, rejectReasons } from '../../../src/http/refusal.ts'
import { Barrier } from '../../support/barrier.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { echo, get, respond, startListener, statuses } from './rig.ts'

const host = 'Host: a\r\n'
const refused: readonly [string, string, number, RejectReason][] = [
  ['Content-Length twice', get('/', 'Content-Length: 1', 'Content-Length: 1'), 400, 'smuggling'],
  ['Content-Length twice, zero', get('/', 'Content-Length: 0', 'Content-Length: 0'), 400, 'smuggling'],
  ['a list of lengths', get('/', 'Content-Length: 1, 1'), 400, 'smuggling'],
  ['a signed length', get('/', 'Content-Length: +1'), 400, 'smuggling'],
  ['an empty length', get('/', 'Content-Length:'), 400, 'smuggling'],
  ['a length and a coding', get('/', 'Content-Length: 5', 'Transfer-Encoding: chunked'), 400, 'smuggling'],
  ['a coding and a length', get('/', 'Transfer-Encoding: chunked', 'Content-Length: 5'), 400, 'smuggling'],
  ['chunked twice', get('/', 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'), 400, 'smuggling'],
  ['chunked not last', get('/', 'Transfer-Encoding: chunked, identity'), 400, 'smuggling'],
  ['an unknown coding', get('/', 'Transfer-Encoding: xchunked'), 400, 'smuggling'],
  ['identity', get('/', 'Transfer-Encoding: identity'), 400, 'smuggling'],
  ['gzip, chunked', get('/', 'Transfer-Encoding: gzip, chunked'), 400, 'smuggling'],
  ['an empty coding', get('/', 'Transfer-Encoding:'), 400, 'smuggling'],
  ['a coding in HTTP/1.0', `GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400, 'smuggling'],
  ['bare LF after a field', `GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n`, 400, 'smuggling'],
  ['bare CR in a field', `GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n`, 400, 'smuggling'],
  ['bare LF everywhere', 'GET / HTTP/1.1\nHost: a\n\n', 400, 'bad-syntax'],
  ['bare LF at the end of the head', `GET / HTTP/1.1\r\n${host}\n`, 400, 'bad-syntax'],
  ['a folded field', get('/', 'X: a\r\n b'), 400, 'bad-syntax'],
  ['a folded field with a tab', get('/', 'X: a\r\n\tb'), 400, 'bad-syntax'],
  ['a space before the colon', get('/', 'X : a'), 400, 'bad-syntax'],
  ['a field without a name', get('/', ': a'), 400, 'bad-syntax'],
  ['NUL in a field', get('/', 'X: a\0b'), 400, 'bad-syntax'],
  ['a control character in a field', get('/', 'X: a\x01b'), 400, 'bad-syntax'],
  ['a control character in the target', get('/\x01'), 400, 'bad-syntax'],
  ['a raw byte in the target', get('/\xe9'), 400, 'bad-syntax'],
  ['a space in the target', get('/a b'), 400, 'bad-syntax'],
  ['a relative target', get('a/b'), 400, 'bad-syntax'],
  ['no version', 'GET /\r\n\r\n', 400, 'bad-syntax'],
  ['HTTP/1.2', `GET / HTTP/1.2\r\n${host}\r\n`, 400, 'bad-syntax'],
  ['HTTP/2.0', `GET / HTTP/2.0\r\n${host}\r\n`, 400, 'bad-syntax'],
  ['the HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'bad-syntax'],
  ['an unknown method', `STEAL / HTTP/1.1\r\n${host}\r\n`, 400, 'bad-syntax'],
  ['a method in lower case', `get / HTTP/1.1\r\n${host}\r\n`, 400, 'bad-syntax'],
  ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01', 400, 'bad-syntax'],
  ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400, 'bad-host'],
  ['Host twice', get('/', 'Host: b'), 400, 'bad-host'],
  ['Host twice, the first empty', 'GET / HTTP/1.1\r\nHost:\r\nHost: b\r\n\r\n', 400, 'bad-host'],
  ['Host twice beside an absolute target', get('http://a.test/', 'Host: b'), 400, 'bad-host'],
  ['no Host beside an absolute target', 'GET http://a.test/ HTTP/1.1\r\n\r\n', 400, 'bad-host'],
  ['a space in Host', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n', 400, 'bad-host'],
  ['a path in Host', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n', 400, 'bad-host'],
  ['a user in Host', 'GET / HTTP/1.1\r\nHost: u@a\r\n\r\n', 400, 'bad-host'],
  ['a port that is none', 'GET / HTTP/1.1\r\nHost: a:b\r\n\r\n', 400, 'bad-host'],
  ['a user in an absolute target', get('http://u@a.test/'), 400, 'bad-host'],
  ['a fragment', get('/a#b'), 400, 'bad-target'],
  ['a fragment in the query', get('/a?b#c'), 400, 'bad-target'],
  ['another scheme', get('ftp://a.test/'), 400, 'bad-target'],
  ['* for GET', get('*'), 400, 'bad-target'],
  ['a target too long', get(`/${'a'.repeat(8192)}`), 414, 'uri-too-long'],
  ['a field too long', get('/', `X: ${'a'.repeat(17_000)}`), 431, 'header-too-large'],
  ['too many fields', get('/', ...Array.from({ length: 3000 }, (_, i) => `X-${i}: a`)), 431, 'header-too-large'],
  ['a target over the bound of all heads', get(`/${'a'.repeat(20_000)}`), 431, 'header-too-large'],
  ['CONNECT', 'CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n', 405, 'connect'],
]
for (const [title, text, status, reason] of refused) {
  test(`${title}: ${status}, closed, counted as ${reason}`, async (t) => {
    const { converse, rejected, done } = await startListener(t, echo)
    const answer = await converse(text)
    const [head = '', body = ''] = answer.split('\r\n\r\n')
    assert.deepEqual(statuses(answer), [status])
    assert.match(head, /^Connection: close$/m)
    const { error } = JSON.parse(body)
    assert.equal(error.status, status)
    assert.match(head, new RegExp(`^X-Correlation-ID: ${error.correlation_id}$`, 'm'))
    assert.match(head, new RegExp(`^Content-Length: ${body.length}$`, 'm'))
    assert.match(head, /^Date: \w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT$/m)
    assert.deepEqual(rejected, [reason])
    assert.equal(done.length, 0)
  })
}

test('every reason of this room has a shape here, or a test of its own', () => {
  const elsewhere = ['head-timeout', 'bad-path', 'body', 'overload', 'tls', 'proxy-protocol', 'h2-protocol', 'h2-flood']
  assert.deepEqual(new Set([...refused.map(([, , , reason]) => reason), ...elsewhere]), new Set(rejectReasons))
})

test('a field past the thousandth counts like the first', async (t) => {
  const { converse } = await startListener(t, async (request) => ({
    status: request.hasBody ? 413 : 200,
    headers: [],
    body: { kind: 'empty' },
  }))
  const many = Array.from({ length: 1500 }, () => 'a:b')
  assert.deepEqual(statuses(await converse(get('/', ...many, 'Content-Length: 9', 'Connection: close'))), [413])
})

test('garbage behind a request is refused once that is answered', async (t) => {
  const { converse, rejected } = await startListener(t, echo)
  const answer = await converse(`${get('/first')}NONSENSE\r\n\r\n`)
  assert.deepEqual(statuses(answer), [200, 400])
  assert.ok(answer.indexOf('/first') < answer.indexOf('HTTP/1.1 400'))
  assert.deepEqual(rejected, ['bad-syntax'])
})

test('CONNECT behind a request is refused once that is answered', async (t) => {
  const { converse } = await startListener(t, echo)
  assert.deepEqual(statuses(await converse(`${get('/first')}CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n`)), [200, 405])
})

test('a refused client that goes on sending still reads why', async (t) => {
  const { connect } = await startListener(t, echo)
  const client = await connect()
  client.send(get('/', `X: ${'a'.repeat(17_000)}`))
  for (let i = 0; i < 64; i++) client.send('a'.repeat(64 * 1024))
  await client.ended
  assert.deepEqual(statuses(client.text), [431])
})

test('a client that leaves in the middle of a head is told so, if it still listens', async (t) => {
  const { connect, rejected } = await startListener(t, echo)
  const client = await connect()
  client.send('GET / HT')
  client.end()
  await client.ended
  assert.deepEqual(statuses(client.text), [400])
  assert.deepEqual(rejected, ['bad-syntax'])
})

test('a client that sends garbage behind a request and leaves is not waited for', async (t) => {
  const asked = new Barrier()
  const { connect, untilDone, rejected } = await startListener(t, async ({ signal, path }) => {
    void asked.arrive()
    await once(signal, 'abort')
    return respond(path)
  })
  const client = await connect()
  client.send(`${get('/first')}NONSENSE`)
  await asked.reached
  client.end()
  assert.deepEqual((await untilDone(1)).sent, { bytes: 0, complete: false })
  assert.deepEqual(rejected, ['bad-syntax'])
})

test('a client that breaks off in the middle of a head is no rejected request', async (t) => {
  const { connect, rejected, listener, noneOpen } = await startListener(t, echo)
  const client = await connect()
  client.send('GET / HT')
  while (listener.openConnections === 0) await new Promise(setImmediate)
  client.reset()
  await noneOpen()
  assert.deepEqual(rejected, [])
})

test('a refused client that neither leaves nor stops is cut after a while', async (t) => {
  const clock = new FakeClock()
  const { connect, listener, noneOpen } = await startListener(t, echo, { clock })
  for (const text of ['CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n', 'NONSENSE\r\n']) {
    const client = await connect()
    client.send(text)
    await client.ended
    client.send('more')
    assert.equal(listener.openConnections, 1)
    await clock.advance(2000)
    await noneOpen()
  }
})

test('a refused client that leaves is let go at once', async (t) => {
  const clock = new FakeClock()
  const { connect, noneOpen } = await startListener(t, echo, { clock })
  for (const text of ['CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n', 'NONSENSE\r\n']) {
    const client = await connect()
    client.send(text)
    await client.ended
    client.send('more')
    client.end()
    await noneOpen()
    assert.equal(clock.waiting, 0)
  }
})

test('a client that comes and goes without a word is no rejected request', async (t) => {
  const { connect, rejected, connections } = await startListener(t, echo)
  const client = await connect()
  client.end()
  await client.ended
  assert.deepEqual(rejected, [])
  assert.equal(connections[0], 1)
})
