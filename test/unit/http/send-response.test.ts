import assert from 'node:assert/strict'
import test from 'node:test'
import type { HeaderList } from '../../../src/base/types.ts'
import type { ProxyResponse } from '../../../src/http/messages.ts'
import { chunks, exchange, exchangeStream, type Source } from './exchange.ts'
import { get } from './rig.ts'

const bytes = (text: string, headers: HeaderList = [], status = 200): ProxyResponse => ({
  status,
  headers,
  body: { kind: 'bytes', bytes: Buffer.from(text) },
})

test('fields leave as they are: order, case, repeats and bytes', async (t) => {
  const headers = ['ETag', '"a"', 'x-amz-meta-n', 'caf\xc3\xa9', 'Vary', 'A', 'vary', 'B', 'Date', 'yesterday']
  const { text, done } = await exchange(t, bytes('hello', headers))
  assert.ok(
    text.startsWith(
      'HTTP/1.1 200 OK\r\nETag: "a"\r\nx-amz-meta-n: caf\xc3\xa9\r\nVary: A\r\nvary: B\r\nDate: yesterday\r\n' +
        'Content-Length: 5\r\n',
    ),
    text,
  )
  assert.equal(text.match(/^Date:/gm)?.length, 1)
  assert.deepEqual(done.sent, { bytes: 5, complete: true })
})

test('a Content-Disposition of any bytes leaves as it is, beside a length', async (t) => {
  const disposition = 'attachment; filename="\xc3\xa9\xff"'
  for (const headers of [
    ['Content-Disposition', disposition],
    ['Content-Length', '5', 'Content-Disposition', disposition, 'X', '1'],
    ['Content-Disposition', disposition, 'Content-Length', '5'],
  ]) {
    const { text } = await exchange(t, bytes('hello', headers))
    assert.ok(text.includes(`Content-Disposition: ${disposition}\r\n`), text)
    assert.equal(text.match(/^Content-Length: 5$/gm)?.length, 1)
  }
})

test('a length that is not that of the body is never sent', async (t) => {
  const { text } = await exchange(t, bytes('hello', ['Content-Length', '4']))
  assert.match(text, /^HTTP\/1\.1 500 /)
  const stream = await exchangeStream(t, () => chunks('hello'), 5, { headers: ['content-length', '6'] })
  assert.match(stream.text, /^HTTP\/1\.1 500 /)
})

test('HEAD has the fields of GET and no body', async (t) => {
  const head = get('/', 'Connection: close').replace('GET', 'HEAD')
  const { text, body, done } = await exchange(t, bytes('hello'), head)
  assert.match(text, /^Content-Length: 5$/m)
  assert.equal(body, '')
  assert.deepEqual(done.sent, { bytes: 0, complete: true })
  const unread: Source = () => assert.fail('read for a HEAD')
  const stream = await exchangeStream(t, unread, 7, { request: head })
  assert.match(stream.text, /^Content-Length: 7$/m)
  assert.equal(stream.body, '')
  assert.equal(stream.discarded, 1)
  const empty = { status: 200, headers: ['Content-Length', '9'], body: { kind: 'empty' } } as const
  assert.match((await exchange(t, empty, head)).text, /^Content-Length: 9$/m)
})

for (const status of [204, 304]) {
  test(`${status} has no body, and no length of ours`, async (t) => {
    const { text, body } = await exchange(t, bytes('hello', ['ETag', '"a"'], status))
    assert.equal(body, '')
    assert.doesNotMatch(text, /Content-Length|Transfer-Encoding/i)
    const stream = await exchangeStream(t, () => assert.fail('read'), 5, { status })
    assert.equal(stream.body, '')
    assert.equal(stream.discarded, 1)
  })
}

test('an empty body says so', async (t) => {
  assert.match((await exchange(t, bytes(''))).text, /^Content-Length: 0$/m)
  const { text } = await exchange(t, { status: 200, headers: [], body: { kind: 'empty' } })
  assert.match(text, /^Content-Length: 0$/m)
})

test('a stream leaves whole, chunk by chunk, empty ones left out', async (t) => {
  const { text, body, done, discarded } = await exchangeStream(t, () => chunks('he', '', 'llo'), 5)
  assert.match(text, /^Content-Length: 5$/m)
  assert.equal(body, 'hello')
  assert.deepEqual(done.sent, { bytes: 5, complete: true })
  assert.equal(discarded, 0)
})

test('a stream of nothing is a response of nothing', async (t) => {
  const { text, body, done } = await exchangeStream(t, () => chunks(), 0)
  assert.match(text, /^HTTP\/1\.1 200 .*Content-Length: 0/s)
  assert.equal(body, '')
  assert.equal(done.sent.complete, true)
})

test('a stream of unknown size is chunked', async (t) => {
  const { text, body } = await exchangeStream(t, () => chunks('he', 'llo'), undefined)
  assert.match(text, /^Transfer-Encoding: chunked$/m)
  assert.match(body, /^(?:2\r\nhe\r\n3\r\nllo|5\r\nhello)\r\n0\r\n\r\n$/)
})

test('in HTTP/1.0 a stream of unknown size ends with the connection', async (t) => {
  const request = 'GET / HTTP/1.0\r\nConnection: keep-alive\r\nTE: chunked\r\n\r\n'
  const { text, body } = await exchangeStream(t, () => chunks('he', 'llo'), undefined, { request })
  assert.match(text, /^Connection: close$/m)
  assert.doesNotMatch(text, /Transfer-Encoding/)
  assert.equal(body, 'hello')
})
