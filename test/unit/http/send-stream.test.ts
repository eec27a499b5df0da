import assert from 'node:assert/strict'
import test from 'node:test'
import { ProxyError } from '../../../src/base/errors.ts'
import { Barrier } from '../../support/barrier.ts'
import { chunks, exchangeStream } from './exchange.ts'
import { get, startListener } from './rig.ts'

test('a source that ends short ends the connection, never the response', async (t) => {
  const { text, body, done, discarded } = await exchangeStream(t, () => chunks('hel'), 5)
  assert.match(text, /^Content-Length: 5$/m)
  assert.equal(body, 'hel')
  assert.deepEqual(done.sent, { bytes: 3, complete: false })
  assert.equal(done.facts.error, 'OriginTruncated')
  assert.equal(discarded, 1)
})

test('a source that fails midway ends the connection, chunked or not', async (t) => {
  async function* failing() {
    yield Buffer.from('hel')
    throw new ProxyError('ObjectChanged', 'reading')
  }
  for (const size of [5, undefined]) {
    const { body, done } = await exchangeStream(t, failing, size)
    assert.ok(!body.endsWith('0\r\n\r\n'), body)
    assert.equal(done.sent.complete, false)
    assert.equal(done.facts.error, 'ObjectChanged')
  }
})

test('in HTTP/1.0 a source of unknown size that fails resets the connection', async (t) => {
  async function* failing() {
    yield Buffer.from('hel')
    throw new ProxyError('OriginTruncated', 'reading')
  }
  const { connect, untilDone } = await startListener(t, async () => ({
    status: 200,
    headers: [],
    body: { kind: 'stream', read: failing, discard() {} },
  }))
  const client = await connect()
  client.send('GET / HTTP/1.0\r\n\r\n')
  assert.equal((await client.closed).code, 'ECONNRESET')
  assert.equal((await untilDone(1)).sent.complete, false)
})

test('a source that says more than it should is not believed', async (t) => {
  const { body, done } = await exchangeStream(t, () => chunks('hello', '!'), 5)
  assert.equal(done.sent.complete, false)
  assert.ok(!body.includes('!'))
})

test('a source that fails before its first byte becomes an error response', async (t) => {
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield Buffer.alloc(0)
    throw new ProxyError('OriginTimeout', 'reading')
  }
  const headers = ['ETag', '"a"', 'Vary', 'Origin', 'Access-Control-Allow-Origin', 'https://a.test']
  const { text, body, done } = await exchangeStream(t, failing, 5, { headers })
  assert.match(text, /^HTTP\/1\.1 504 Gateway Timeout\r\n/)
  assert.doesNotMatch(text, /ETag/)
  assert.match(text, /^Vary: Origin\r\nAccess-Control-Allow-Origin: https:\/\/a\.test$/m)
  assert.equal(JSON.parse(body).error.code, 'OriginTimeout')
  assert.equal(done.response.status, 504)
  assert.equal(done.sent.complete, true)
})

test('a source that ends before its first byte does too', async (t) => {
  const { text } = await exchangeStream(t, () => chunks(), 5)
  assert.match(text, /^HTTP\/1\.1 502 /)
})

test('a client that leaves while the source works fires its signal and lets go of it', async (t) => {
  const barrier = new Barrier()
  let released = false
  let discarded = false
  async function* source(signal: AbortSignal) {
    try {
      yield Buffer.from('he')
      await Promise.race([barrier.arrive(), new Promise((resolve) => signal.addEventListener('abort', resolve))])
      signal.throwIfAborted()
    } finally {
      released = true
    }
  }
  const { connect, untilDone } = await startListener(t, async () => ({
    status: 200,
    headers: [],
    body: {
      kind: 'stream',
      size: 5,
      read: source,
      discard() {
        discarded = true
      },
    },
  }))
  const client = await connect()
  client.send(get('/'))
  await barrier.reached
  client.destroy()
  const { sent, facts } = await untilDone(1)
  assert.deepEqual(sent, { bytes: 2, complete: false })
  assert.equal(facts.error, undefined)
  assert.ok(released && discarded)
})

test('a response that comes after its client left is discarded unread', async (t) => {
  const barrier = new Barrier()
  let discarded = 0
  let read = 0
  const { connect, untilDone, noneOpen } = await startListener(t, async () => {
    await barrier.arrive()
    return {
      status: 200,
      headers: [],
      body: {
        kind: 'stream',
        read() {
          read += 1
          return chunks()
        },
        discard() {
          discarded += 1
        },
      },
    }
  })
  const client = await connect()
  client.send(get('/'))
  await barrier.reached
  client.destroy()
  await noneOpen()
  barrier.release()
  assert.deepEqual((await untilDone(1)).sent, { bytes: 0, complete: false })
  assert.deepEqual([discarded, read], [1, 0])
})

test('a slow reader is given what it takes and not more', async (t) => {
  const MiB = 1024 * 1024
  let pulled = 0
  async function* source() {
    for (; pulled < 64; pulled++) yield Buffer.alloc(MiB, pulled)
  }
  const { connect, untilDone } = await startListener(t, async () => ({
    status: 200,
    headers: [],
    body: { kind: 'stream', size: 64 * MiB, read: source, discard() {} },
  }))
  const client = await connect()
  client.pause()
  client.send(get('/', 'Connection: close'))
  for (let before = -1; before !== pulled || pulled === 0; await new Promise((resolve) => setImmediate(resolve))) {
    before = pulled
    for (let turns = 0; turns < 20; turns++) await new Promise(setImmediate)
  }
  assert.ok(pulled < 40, `${pulled} MiB were pulled for a client that took none`)
  await client.take(65 * MiB)
  assert.deepEqual((await untilDone(1)).sent, { bytes: 64 * MiB, complete: true })
})

test('a pipelined request waits its turn, and one that fails takes the connection with it', async (t) => {
  const barrier = new Barrier()
  const started: string[] = []
  async function* failing() {
    yield Buffer.from('hel')
    throw new ProxyError('OriginTruncated', 'reading')
  }
  const { converse, untilDone } = await startListener(t, async (request) => {
    started.push(request.path)
    if (request.path === '/2') {
      return { status: 200, headers: [], body: { kind: 'stream', size: 5, read: failing, discard() {} } }
    }
    await barrier.arrive()
    return { status: 200, headers: [], body: { kind: 'bytes', bytes: Buffer.from('first') } }
  })
  const conversation = converse(`${get('/1')}${get('/2')}`)
  await barrier.reached
  assert.deepEqual(started, ['/1'])
  barrier.release()
  const text = await conversation
  assert.match(text, /first/)
  assert.match(text, /hel$/)
  assert.deepEqual(started, ['/1', '/2'])
  await untilDone(2)
})
