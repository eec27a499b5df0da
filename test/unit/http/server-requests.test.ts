import assert from 'node:assert/strict'
import test from 'node:test'
import { ProxyError } from '../../../src/base/errors.ts'
import type { ProxyRequest } from '../../../src/http/messages.ts'
import { Barrier } from '../../support/barrier.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { echo, get, respond, startListener, statuses } from './rig.ts'

test('a request arrives as it was sent', async (t) => {
  let seen: ProxyRequest | undefined
  const { converse } = await startListener(t, async (request) => {
    seen = request
    return respond('ok')
  })
  await converse(
    get('/a//b%2F%20c?x=1&y=%00?', 'X-Mine: 1', 'x-mine: 2', 'Set-Cookie: a', 'Set-Cookie: b', 'Connection: close'),
  )
  assert.equal(seen?.method, 'GET')
  assert.equal(seen.path, '/a//b%2F%20c')
  assert.equal(seen.query, 'x=1&y=%00?')
  assert.equal(seen.host, 'a.test')
  assert.equal(seen.clientAddress, '127.0.0.1')
  assert.equal(seen.hasBody, false)
  assert.equal(seen.header('x-mine'), '1, 2')
  assert.equal(seen.header('set-cookie'), 'a, b')
  assert.equal(seen.header('constructor'), undefined)
  assert.equal(seen.header('__proto__'), undefined)
  assert.deepEqual(seen.headers.slice(0, 4), ['Host', 'a.test', 'X-Mine', '1'])
})

for (const [title, text, host, path, query] of [
  ['an absolute target', get('http://B.test:80/p?q', 'Connection: close'), 'b.test', '/p', 'q'],
  ['an absolute target without a path', get('http://b.test', 'Connection: close'), 'b.test', '/', ''],
  ['an absolute target with a query only', get('HTTPS://b.test?q', 'Connection: close'), 'b.test', '/', 'q'],
  ['an IPv6 authority', get('http://[::1]:80/', 'Connection: close'), '[::1]', '/', ''],
  ['OPTIONS *', 'OPTIONS * HTTP/1.1\r\nHost: A:8080\r\nConnection: close\r\n\r\n', 'a', '*', ''],
  ['HTTP/1.0 without Host', 'GET /p HTTP/1.0\r\n\r\n', '', '/p', ''],
  [
    'a Host with the dot of the root',
    'GET /p HTTP/1.1\r\nHost: a.test.:80\r\nConnection: close\r\n\r\n',
    'a.test',
    '/p',
    '',
  ],
  ['an empty Host', 'GET /p HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n', '', '/p', ''],
  ['two slashes in front', get('//p', 'Connection: close'), 'a.test', '//p', ''],
] as const) {
  test(`${title} is for host ${JSON.stringify(host)} and path ${path}`, async (t) => {
    const { converse, done } = await startListener(t, echo)
    assert.deepEqual(statuses(await converse(text)), [200])
    assert.deepEqual([done[0]?.request.host, done[0]?.request.path, done[0]?.request.query], [host, path, query])
  })
}

test('the client names its request, if the name is one', async (t) => {
  const { connect, done } = await startListener(t, echo)
  const client = await connect()
  const given = ['abc.DEF_1-2', 'a'.repeat(128), 'a'.repeat(129), '', 'a b', 'a/b', 'é']
  client.send(given.map((id) => get('/', `X-Correlation-ID: ${id}`)).join(''))
  client.send(get('/', 'X-Correlation-ID: a', 'X-Correlation-ID: b'))
  client.send(get('/last', 'Connection: close'))
  await client.ended
  const fresh = (n: number) => `00000000-0000-4000-8000-00000000000${n}`
  assert.deepEqual(
    done.map(({ request }) => request.id),
    [...given.slice(0, 2), ...[1, 2, 3, 4, 5, 6, 7].map(fresh)],
  )
})

test('the client address is what the trusted proxy says', async (t) => {
  const clientAddress = { trustedProxies: ['127.0.0.0/8'], source: 'x-forwarded-for' } as const
  const { converse, done } = await startListener(t, echo, { clientAddress })
  await converse(get('/', 'X-Forwarded-For: 198.51.100.1', 'X-Forwarded-For: 127.0.0.2', 'Connection: close'))
  assert.equal(done[0]?.request.clientAddress, '198.51.100.1')
})

test('pipelined requests are handled at once and answered in order', async (t) => {
  const barrier = new Barrier()
  const { connect, listener, untilDone } = await startListener(t, async (request) => {
    if (request.path === '/1') await barrier.arrive()
    return respond(request.path)
  })
  const client = await connect()
  client.send(`${get('/1')}${get('/2')}${get('/3', 'Connection: close')}`)
  await barrier.reached
  assert.equal(listener.activeRequests, 3)
  assert.equal(client.text, '')
  barrier.release()
  await client.ended
  assert.deepEqual(client.text.match(/\/\d$|\/\d(?=HTTP)/g), ['/1', '/2', '/3'])
  await untilDone(3)
  assert.equal(listener.activeRequests, 0)
})

test('a connection serves one request after another, and says that it will', async (t) => {
  const { connect, connections } = await startListener(t, echo)
  const client = await connect()
  client.send(get('/1'))
  assert.match(await client.until('/1'), /^Connection: keep-alive$/m)
  client.send(get('/2'))
  await client.until('/2')
  assert.deepEqual(connections, [1])
})

test('HTTP/1.0 keeps a connection only when asked', async (t) => {
  const { connect, converse } = await startListener(t, echo)
  assert.match(await converse('GET /1 HTTP/1.0\r\n\r\n'), /^Connection: close$/m)
  const client = await connect()
  client.send('GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
  assert.match(await client.until('/1'), /^Connection: keep-alive$/m)
})

const body = async (request: ProxyRequest) => (request.hasBody ? respond('no', [], 413) : respond('ok'))

test('a body is told of and closes the connection; Content-Length: 0 is none', async (t) => {
  const { connect, converse } = await startListener(t, body)
  const client = await connect()
  client.send(get('/', 'Content-Length: 0'))
  assert.match(await client.until('ok'), /^HTTP\/1\.1 200 .*Connection: keep-alive/s)
  assert.match(await converse(`${get('/', 'Content-Length: 5')}hello`), /^HTTP\/1\.1 413 .*Connection: close/s)
  assert.match(
    await converse(`${get('/', 'Transfer-Encoding: chunked')}0\r\n\r\n`),
    /^HTTP\/1\.1 413 .*Connection: close/s,
  )
  assert.deepEqual(statuses(await converse(`${get('/', 'Transfer-Encoding: chunked')}zz\r\n\r\n`)), [413])
})

test('a body within the bound is passed over, and the connection stays', async (t) => {
  const { connect } = await startListener(t, body, { maxRequestBodyBytes: 5 })
  const client = await connect()
  client.send(`${get('/', 'Content-Length: 5')}hello${get('/', 'Content-Length: 6', 'Connection: close')}hello!`)
  await client.ended
  assert.deepEqual(statuses(client.text), [200, 413])
})

test('what follows a request with a body is not for us', async (t) => {
  const seen: string[] = []
  const { converse } = await startListener(t, async (request) => {
    seen.push(request.path)
    return body(request)
  })
  const text = await converse(`${get('/1', 'Content-Length: 5')}hello${get('/2')}`)
  assert.deepEqual(statuses(text), [413])
  assert.deepEqual(seen, ['/1'])
})

test('a client that sends a body without end reads its answer, and is cut after a while', async (t) => {
  const clock = new FakeClock()
  const { connect, listener, noneOpen } = await startListener(t, body, { clock })
  const client = await connect()
  client.send(get('/', 'Content-Length: 1000000000'))
  client.send('a'.repeat(1_000_000))
  await client.until('no')
  client.send('a'.repeat(1_000_000))
  await clock.untilWaiting(1)
  await client.ended
  assert.equal(listener.openConnections, 1)
  await clock.advance(2000)
  await noneOpen()
})

test('nobody is told to continue', async (t) => {
  const { converse } = await startListener(t, body)
  assert.deepEqual(statuses(await converse(get('/', 'Content-Length: 5', 'Expect: 100-continue'))), [413])
  assert.deepEqual(statuses(await converse(get('/', 'Expect: 100-continue', 'Connection: close'))), [200])
  assert.deepEqual(statuses(await converse(get('/', 'Expect: miracles', 'Connection: close'))), [200])
})

test('a wish to upgrade is passed over', async (t) => {
  const { converse } = await startListener(t, echo)
  const answer = await converse(
    get('/here', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AA'),
  )
  assert.match(answer, /^HTTP\/1\.1 200 .*Connection: close.*\/here$/s)
})

test('a handler that fails is answered for', async (t) => {
  const { converse, done } = await startListener(t, async (request) => {
    if (request.path === '/bug') throw new TypeError('secret')
    throw new ProxyError('SlowDown', 'secret', { retryAfterSeconds: 3 })
  })
  const known = await converse(get('/', 'X-Correlation-ID: mine', 'Connection: close'))
  assert.match(known, /^HTTP\/1\.1 503 .*Retry-After: 3.*X-Correlation-ID: mine.*"code":"SlowDown"/s)
  const unknown = await converse(get('/bug', 'Connection: close'))
  assert.match(unknown, /^HTTP\/1\.1 500 .*"code":"InternalError"/s)
  assert.ok(!`${known}${unknown}`.includes('secret'))
  assert.deepEqual(
    done.map(({ facts }) => facts.error),
    ['SlowDown', 'InternalError'],
  )
  assert.ok(done[1]?.facts.errorDetail instanceof TypeError)
})

test('a response whose fields cannot be sent is an error of ours, told properly', async (t) => {
  const { converse, done } = await startListener(t, async () => respond('', ['Vary', 'a\nb']))
  assert.match(
    await converse(get('/', 'Connection: close')),
    /^HTTP\/1\.1 500 Internal Server Error\r\n.*"InternalError"/s,
  )
  assert.equal(done[0]?.response.status, 500)
})

test('what became of a request is told once, with its bytes and its time', async (t) => {
  const clock = new FakeClock()
  const { converse, done } = await startListener(
    t,
    async (request, trace) => {
      trace.bucket = 'b'
      await clock.advance(250)
      return respond(request.path)
    },
    { clock },
  )
  await converse(get('/four', 'Connection: close'))
  const [{ facts, sent, durationMs, request }] = done as [(typeof done)[0] & object]
  assert.equal(facts.bucket, 'b')
  assert.deepEqual(sent, { bytes: 5, complete: true })
  assert.equal(durationMs, 250)
  assert.equal(request.receivedAt, Date.UTC(2026, 0, 1))
})

test('where it listens is told as a URL that works', async (t) => {
  const { url } = await startListener(t, echo, { host: '0.0.0.0' })
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/)
  assert.equal(await (await fetch(`${url}/x`)).text(), '/x')
  const six = await startListener(t, echo, { host: '::' })
  assert.match(six.url, /^http:\/\/\[::1\]:\d+$/)
})

test('an address that is taken is a failure to listen', async (t) => {
  const { url } = await startListener(t, echo)
  await assert.rejects(startListener(t, echo, { port: Number(new URL(url).port) }), { code: 'EADDRINUSE' })
})
