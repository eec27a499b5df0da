import assert from 'node:assert/strict'
import test from 'node:test'
import { Abandoned, ProxyError } from '../../../src/base/errors.ts'
import type { Handler, ProxyRequest } from '../../../src/http/messages.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { get, respond, startListener, statuses } from './rig.ts'

const most = 8

/** Says what it read, or why it could not. */
const reads: Handler = async (request) => respond(`<${Buffer.from(await request.readBody(most)).toString()}>`)
const post = (...fields: readonly string[]) => get('/', ...fields).replace('GET', 'POST')
const chunked = 'Transfer-Encoding: chunked'
const close = 'Connection: close'

for (const [title, fields, bytes, whole] of [
  ['no body', [], '', ''],
  ['a length of zero', ['Content-Length: 0'], '', ''],
  ['a length', ['Content-Length: 5'], 'hello', 'hello'],
  ['just the length that is allowed', ['Content-Length: 8'], 'hello to', 'hello to'],
  ['chunks', [chunked], '2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nTrailer: 1\r\n\r\n', 'hello'],
  ['no chunks', [chunked], '0\r\n\r\n', ''],
  ['characters of several bytes', ['Content-Length: 4'], 'n\xc3\xa9\0', 'n\xc3\xa9\0'],
] as const) {
  test(`a body that comes as ${title} is read as it is`, async (t) => {
    const { converse } = await startListener(t, reads)
    const answer = await converse(`${post(close, ...fields)}${bytes}`)
    assert.ok(answer.endsWith(`<${whole}>`), answer)
  })
}

test('a body may come in as many pieces as it likes', async (t) => {
  const { connect } = await startListener(t, reads)
  const client = await connect()
  for (const piece of [post('Content-Length: 5').slice(0, -2), '\r\n', 'h', 'el', 'lo']) client.send(piece)
  assert.match(await client.until('<hello>'), /^HTTP\/1\.1 200 /)
})

for (const [title, text] of [
  ['declared as larger', `${post('Content-Length: 9')}`],
  ['growing larger', `${post(chunked)}9\r\n123456789\r\n`],
  ['going on for longer', `${post(chunked)}5\r\n12345\r\n5\r\n12345\r\n`],
] as const) {
  test(`a body ${title} than allowed is refused before it is all there, and the connection closes`, async (t) => {
    const { converse, done } = await startListener(t, reads)
    const answer = await converse(text)
    assert.deepEqual(statuses(answer), [413])
    assert.match(answer, /"code":"RequestBodyNotAllowed"/)
    assert.match(answer, /^Connection: close$/m)
    assert.equal(done[0]?.facts.error, 'RequestBodyNotAllowed')
  })
}

test('a client that waits for a 100 gets it when somebody reads', async (t) => {
  const { connect } = await startListener(t, reads)
  const client = await connect()
  client.send(post('Content-Length: 5', 'Expect: 100-continue'))
  assert.equal(await client.until('\r\n\r\n'), 'HTTP/1.1 100 Continue\r\n\r\n')
  client.send('hello')
  assert.deepEqual(statuses(await client.until('<hello>')), [100, 200])
})

test('a client that waits for a 100 is not invited to send what is too large', async (t) => {
  const { converse } = await startListener(t, reads)
  assert.deepEqual(statuses(await converse(post('Content-Length: 9', 'Expect: 100-continue'))), [413])
})

test('a body that comes too slowly is a 408', async (t) => {
  const clock = new FakeClock()
  const { connect } = await startListener(t, reads, { clock, requestTimeoutMs: 5000 })
  const client = await connect()
  client.send(`${post('Content-Length: 5')}hell`)
  await clock.untilWaiting(1)
  await clock.advance(4999)
  assert.equal(client.text, '')
  await clock.advance(1)
  assert.match(await client.until('}}'), /^HTTP\/1\.1 408 .*^Connection: close.*"RequestTimeout"/ms)
})

for (const [title, leave] of [
  ['closes', 'end'],
  ['breaks', 'reset'],
] as const) {
  test(`whoever reads a body hears of it when the client ${title} its connection`, async (t) => {
    const failures: unknown[] = []
    const { connect, untilDone, noneOpen } = await startListener(t, async (request) => {
      await request.readBody(most).catch((error) => failures.push(error))
      return respond('')
    })
    const client = await connect()
    client.send(post('Content-Length: 5', 'Expect: 100-continue'))
    await client.until('\r\n\r\n')
    client[leave]()
    assert.deepEqual((await untilDone(1)).sent, { bytes: 0, complete: false })
    assert.ok(failures[0] instanceof Abandoned)
    client.destroy()
    await noneOpen()
  })
}

for (const [title, bytes, reason] of [
  ['a chunk size that is none', 'zz\r\n', 'smuggling'],
  ['a chunk longer than it says', '2\r\nhello\r\n', 'bad-syntax'],
] as const) {
  test(`${title} is a 400, counted, and nothing after it is heard`, async (t) => {
    const failures: unknown[] = []
    const { connect, rejected, untilRejected } = await startListener(t, async (request) => {
      try {
        return await reads(request, {} as never)
      } catch (error) {
        failures.push(error)
        throw error
      }
    })
    const client = await connect()
    client.send(post(chunked, 'Expect: 100-continue'))
    await client.until('\r\n\r\n')
    client.send(`${bytes}${get('/next')}`)
    await untilRejected()
    await client.ended
    assert.deepEqual(statuses(client.text), [100, 400])
    assert.deepEqual(rejected, [reason])
    assert.ok(failures[0] instanceof ProxyError)
  })
}

test('a body within what is passed over anyway is read too, and the connection stays', async (t) => {
  const clock = new FakeClock()
  const { connect, connections } = await startListener(t, reads, { maxRequestBodyBytes: 100, clock })
  const client = await connect()
  client.send(`${post('Content-Length: 5')}hello`)
  await client.until('<hello>')
  assert.equal(clock.waiting, 0)
  client.send(`${post('Content-Length: 2')}ok`)
  await client.until('<ok>')
  client.send(`${post('Content-Length: 9')}123456789`) // small enough to be passed over, too large to be read
  await client.ended
  assert.deepEqual(statuses(client.text), [200, 200, 413])
  assert.deepEqual(connections.slice(0, 1), [1])
})

test('what is wrong with the next request is not held against a body', async (t) => {
  const { converse } = await startListener(t, reads, { maxRequestBodyBytes: 100 })
  assert.deepEqual(statuses(await converse(`${post('Content-Length: 5')}helloGET / NONSENSE\r\n\r\n`)), [200, 400])
})

test('a slow body within what is passed over anyway ends the connection too', async (t) => {
  const clock = new FakeClock()
  const { connect } = await startListener(t, reads, { clock, requestTimeoutMs: 5000, maxRequestBodyBytes: 100 })
  const client = await connect()
  client.send(`${post('Content-Length: 5')}hell`)
  await clock.untilWaiting(1)
  await clock.advance(5000)
  await client.ended
  assert.deepEqual(statuses(client.text), [408])
})

test('a body that nobody reads is passed over as ever', async (t) => {
  const paths: string[] = []
  const ignores = async (request: ProxyRequest) => {
    paths.push(request.path)
    return respond('no', [], 401)
  }
  const { converse } = await startListener(t, ignores)
  const answer = await converse(`${post('Content-Length: 5')}hello${get('/next')}`)
  assert.deepEqual(statuses(answer), [401])
  assert.deepEqual(paths, ['/'])
})

test('requests that are pipelined each read their own body', async (t) => {
  const { converse } = await startListener(t, reads, { maxRequestBodyBytes: 100 })
  const text = ['one', 'two', 'six'].map((body) => `${post('Content-Length: 3')}${body}`).join('')
  const answer = await converse(`${text}${post(close)}`)
  assert.deepEqual(answer.match(/<\w*>/g), ['<one>', '<two>', '<six>', '<>'])
})
