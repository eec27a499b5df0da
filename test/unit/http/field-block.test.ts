import assert from 'node:assert/strict'
import test from 'node:test'
import type { HeaderList } from '../../../src/base/types.ts'
import { FieldBlock } from '../../../src/http/field-block.ts'
import type { ProxyResponse } from '../../../src/http/messages.ts'
import { exchange } from './exchange.ts'
import { get } from './rig.ts'

const behind = (list: HeaderList, headers: HeaderList = [], status = 200): ProxyResponse => ({
  status,
  block: new FieldBlock(list),
  headers,
  body: { kind: 'bytes', bytes: Buffer.from('hello') },
})

test('a block leaves as it is, in front of the other fields', async (t) => {
  const list = ['ETag', '"a"', 'x-amz-meta-n', 'caf\xc3\xa9', 'Vary', 'A', 'vary', 'B']
  const { text, done } = await exchange(t, behind(list, ['Content-Length', '5', 'Age', '1']))
  const head = 'ETag: "a"\r\nx-amz-meta-n: caf\xc3\xa9\r\nVary: A\r\nvary: B\r\nContent-Length: 5\r\nAge: 1\r\nDate: '
  assert.ok(text.startsWith(`HTTP/1.1 200 OK\r\n${head}`), text)
  assert.ok(text.endsWith('\r\n\r\nhello'), text)
  assert.deepEqual(done.sent, { bytes: 5, complete: true })
})

test('one block serves many responses, of any status and method', async (t) => {
  const response = behind(['ETag', '"a"', 'Date', 'yesterday'])
  const { text } = await exchange(t, response)
  assert.match(text, /^Content-Length: 5$/m)
  const unchanged = await exchange(t, { ...response, status: 304 })
  assert.match(unchanged.text, /^HTTP\/1\.1 304 Not Modified\r\nETag: "a"\r\nDate: yesterday\r\n/)
  assert.equal(unchanged.body, '')
  const head = await exchange(t, response, get('/', 'Connection: close').replace('GET', 'HEAD'))
  assert.match(head.text, /^HTTP\/1\.1 200 OK\r\nETag: "a"\r\nDate: yesterday\r\nContent-Length: 5\r\n/)
  assert.equal(head.body, '')
})

test('a Date in a block is the only one', async (t) => {
  for (const name of ['Date', 'date']) {
    const { text } = await exchange(t, behind([name, 'yesterday']))
    assert.deepEqual(text.match(/^date:.*$/gim), [`${name}: yesterday`])
  }
})

test('a Content-Disposition of any bytes leaves a block as it is, beside a length', async (t) => {
  const disposition = 'attachment; filename="\xc3\xa9\xff"'
  const { text } = await exchange(t, behind(['Content-Disposition', disposition], ['Content-Length', '5']))
  assert.ok(text.includes(`Content-Disposition: ${disposition}\r\n`), text)
})

test('a block has no say in how a response ends', async (t) => {
  const { text, body } = await exchange(t, behind(['Transfer-Encoding', 'chunked', 'Connection', 'close', 'X', '1']))
  assert.match(text, /^X: 1$/m)
  assert.doesNotMatch(text, /^(Transfer-Encoding: |Connection: keep-alive)/m)
  assert.equal(body, 'hello')
})

test('a block that cannot be sent becomes an error page, without a field of it', async (t) => {
  for (const bad of [
    ['X-Bad', 'a\r\nSet-Cookie: b'],
    ['X-Bad', '\u2603'],
    ['X Bad', 'a'],
    ['', 'a'],
  ]) {
    const { text } = await exchange(t, behind(['ETag', '"a"', 'Date', 'yesterday', ...bad]))
    assert.match(text, /^HTTP\/1\.1 500 /)
    assert.doesNotMatch(text, /ETag|yesterday|Bad|Set-Cookie/)
    assert.equal(text.match(/^Date:/gm)?.length, 1)
  }
})

test('what takes the place of a response has nothing of its block', async (t) => {
  for (const unsendable of [
    ['Content-Length', '4'],
    ['X-Bad', 'a\r\nb'],
  ]) {
    const { text } = await exchange(t, behind(['ETag', '"a"', 'Date', 'yesterday'], unsendable))
    assert.match(text, /^HTTP\/1\.1 500 /)
    assert.doesNotMatch(text, /ETag|yesterday/)
    assert.equal(text.match(/^Date:/gm)?.length, 1)
  }
})
