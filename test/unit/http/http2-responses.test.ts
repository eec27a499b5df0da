import assert from 'node:assert/strict'
import { once } from 'node:events'
import { constants } from 'node:http2'
import test, { type TestContext } from 'node:test'
import { ProxyError } from '../../../src/base/errors.ts'
import type { HeaderList } from '../../../src/base/types.ts'
import { FieldBlock } from '../../../src/http/field-block.ts'
import type { ProxyResponse } from '../../../src/http/messages.ts'
import { Barrier } from '../../support/barrier.ts'
import { chunks, type Source } from './exchange.ts'
import { startHttp2 } from './http2-client.ts'
import { respond } from './rig.ts'

const MiB = 1024 * 1024

function streamed(read: Source, size?: number, headers: HeaderList = []): ProxyResponse {
  return { status: 200, headers, body: { kind: 'stream', read, discard() {}, ...(size !== undefined && { size }) } }
}

async function exchange(t: TestContext, response: ProxyResponse, method = 'GET') {
  const { client, untilDone } = await startHttp2(t, async () => response)
  const answer = await client.get('/', { ':method': method })
  return { ...answer, done: await untilDone(1), next: () => client.get('/') }
}

test('fields leave as they are, repeats and bytes too, in lower case', async (t) => {
  const headers = [
    'ETag',
    '"a"',
    'x-amz-meta-n',
    'caf\xc3\xa9',
    'Vary',
    'A',
    'vary',
    'B',
    'ETag',
    '"b"',
    'Date',
    'yesterday',
  ]
  const { headers: received, body, done } = await exchange(t, respond('hello', headers))
  assert.deepEqual(received, [
    ...[':status', '200', 'etag', '"a"', 'x-amz-meta-n', 'caf\xc3\xa9', 'vary', 'A', 'vary', 'B', 'etag', '"b"'],
    ...['date', 'yesterday', 'content-length', '5'],
  ])
  assert.equal(body.toString(), 'hello')
  assert.deepEqual(done.sent, { bytes: 5, complete: true })
})

test('a block of fields leaves in front of the others', async (t) => {
  const block = new FieldBlock(['ETag', '"a"', 'Connection', 'close', 'Date', 'yesterday'])
  const { headers } = await exchange(t, { ...respond('hello', ['Age', '1']), block })
  assert.deepEqual(headers, [
    ...[':status', '200', 'etag', '"a"', 'date', 'yesterday', 'age', '1', 'content-length', '5'],
  ])
})

test('what belongs to a connection of HTTP/1.1 is left out, and a date put in', async (t) => {
  const fields = ['Connection', 'close', 'Keep-Alive', '1', 'Transfer-Encoding', 'chunked', 'Upgrade', 'h2c']
  const { headers, header } = await exchange(t, respond('', fields))
  assert.deepEqual(headers.slice(0, 4), [':status', '200', 'content-length', '0'])
  assert.match(header('date') ?? '', /GMT$/)
  assert.equal(headers.length, 6)
})

for (const [title, name, value] of [
  ['a line end in a value', 'x-amz-meta-a', 'a\r\nset-cookie: b'],
  ['a line feed in a value', 'x-amz-meta-a', 'a\nb'],
  ['NUL in a value', 'x-amz-meta-a', 'a\0b'],
  ['a character that becomes a line feed as a byte', 'x-amz-meta-a', 'a\u010ab'],
  ['a space in a name', 'x amz', 'a'],
  ['a line end in a name', 'x\r\n', 'a'],
  ['a pseudo-header field', ':path', '/'],
] as const) {
  test(`${title} never reaches a client`, async (t) => {
    const { status, headers, body } = await exchange(t, respond('hello', [name, value]))
    assert.equal(status, 500)
    assert.equal(JSON.parse(body.toString()).error.code, 'InternalError')
    assert.ok(!headers.some((text) => text.includes('set-cookie') || text.startsWith('x-amz') || text === ':path'))
  })
}

test('a length that is not that of the body is never sent', async (t) => {
  assert.equal((await exchange(t, respond('hello', ['Content-Length', '4']))).status, 500)
  assert.equal(
    (
      await exchange(
        t,
        streamed(() => chunks('hello'), 5, ['content-length', '6']),
      )
    ).status,
    500,
  )
})

test('HEAD has the fields of GET and no body', async (t) => {
  const { header, body, reset, done } = await exchange(t, respond('hello'), 'HEAD')
  assert.equal(header('content-length'), '5')
  assert.equal(body.length, 0)
  assert.equal(reset, 0)
  assert.deepEqual(done.sent, { bytes: 0, complete: true })
  const unread: Source = () => assert.fail('read for a HEAD')
  assert.equal((await exchange(t, streamed(unread, 7), 'HEAD')).header('content-length'), '7')
})

for (const status of [204, 304]) {
  test(`${status} has no body, and no length of ours`, async (t) => {
    const { header, body } = await exchange(t, respond('hello', ['ETag', '"a"'], status))
    assert.equal(body.length, 0)
    assert.equal(header('content-length'), undefined)
  })
}

test('bodies of every size arrive whole, and are counted', async (t) => {
  const sizes = [0, 1, 2048, 2049, 16_383, 16_384, 16_385, 65_535, 65_536, MiB, 3 * MiB + 1]
  const { client, untilDone } = await startHttp2(t, async ({ path }) => {
    const bytes = Buffer.alloc(Number(path.slice(2)), 'abcdefghijk')
    const source = async function* () {
      yield bytes
    }
    return path.startsWith('/b')
      ? { status: 200, headers: [], body: { kind: 'bytes', bytes } }
      : streamed(source, bytes.length)
  })
  let seen = 0
  for (const size of sizes) {
    for (const kind of ['b', 's']) {
      const { body, header } = await client.get(`/${kind}${size}`)
      assert.ok(body.equals(Buffer.alloc(size, 'abcdefghijk')), `${kind} ${size}`)
      assert.equal(header('content-length'), `${size}`)
      seen += 1
      assert.deepEqual((await untilDone(seen)).sent, { bytes: size, complete: true })
    }
  }
})

test('a stream of unknown size ends with the stream', async (t) => {
  const { header, body, reset } = await exchange(
    t,
    streamed(() => chunks('he', '', 'llo')),
  )
  assert.equal(header('content-length'), undefined)
  assert.equal(body.toString(), 'hello')
  assert.equal(reset, 0)
})

for (const [title, source, size, code] of [
  ['ends short', () => chunks('hel'), 5, 'OriginTruncated'],
  ['says more than it should', () => chunks('hello', '!'), 5, 'OriginMalformed'],
  ['fails midway', failing, 5, 'ObjectChanged'],
  ['of unknown size fails midway', failing, undefined, 'ObjectChanged'],
] as const) {
  test(`a source that ${title} resets its stream, and no other`, async (t) => {
    const { reset, done, next, body } = await exchange(t, streamed(source, size))
    assert.equal(reset, constants.NGHTTP2_INTERNAL_ERROR)
    assert.equal(done.sent.complete, false)
    assert.equal(done.facts.error, code)
    assert.ok(!body.includes('!'))
    assert.equal((await next()).reset, constants.NGHTTP2_INTERNAL_ERROR)
  })
}

async function* failing() {
  yield Buffer.from('hel')
  throw new ProxyError('ObjectChanged', 'reading')
}

test('a source that fails before its first byte becomes an error response', async (t) => {
  async function* early(): AsyncGenerator<Uint8Array> {
    yield Buffer.alloc(0)
    throw new ProxyError('OriginTimeout', 'reading')
  }
  const { status, body, header, done } = await exchange(t, streamed(early, 5, ['ETag', '"a"', 'Vary', 'Origin']))
  assert.equal(status, 504)
  assert.equal(JSON.parse(body.toString()).error.code, 'OriginTimeout')
  assert.equal(header('etag'), undefined)
  assert.equal(header('vary'), 'Origin')
  assert.equal(done.sent.complete, true)
})

test('a client that resets a stream midway lets go of its source, and keeps its other streams', async (t) => {
  const barrier = new Barrier()
  let released = false
  async function* source(signal: AbortSignal) {
    try {
      yield Buffer.from('he')
      await Promise.race([barrier.arrive(), new Promise((resolve) => signal.addEventListener('abort', resolve))])
      signal.throwIfAborted()
    } finally {
      released = true
    }
  }
  const { client, untilDone } = await startHttp2(t, async ({ path }) =>
    path === '/source' ? streamed(source, 5) : respond('whole'),
  )
  const stream = client.open({ ':path': '/source' })
  await barrier.reached
  stream.close(constants.NGHTTP2_CANCEL)
  const { sent, facts } = await untilDone(1)
  assert.deepEqual(sent, { bytes: 2, complete: false })
  assert.equal(facts.error, undefined)
  assert.equal(released, true)
  assert.equal((await client.get('/other')).body.toString(), 'whole')
})

test('a slow reader is given what it takes and not more, and others meanwhile all they want', async (t) => {
  let pulled = 0
  async function* source() {
    for (; pulled < 64; pulled++) yield Buffer.alloc(MiB, pulled)
  }
  const { client, untilDone } = await startHttp2(t, async ({ path }) =>
    path === '/slow' ? streamed(source, 64 * MiB) : respond('quick'),
  )
  const slow = client.open({ ':path': '/slow' })
  await once(slow, 'response')
  for (let round = 0; round < 20; round++) assert.equal((await client.get('/quick')).body.toString(), 'quick')
  assert.ok(pulled <= 1, `${pulled} MiB were pulled for a client that took none`)
  let received = 0
  for await (const chunk of slow) received += chunk.length
  assert.equal(received, 64 * MiB)
  assert.deepEqual((await untilDone(21)).sent, { bytes: 64 * MiB, complete: true })
})
