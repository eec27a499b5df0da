import assert from 'node:assert/strict'
import test from 'node:test'
import { type ErrorCode, errorTable, ProxyError } from '../../../src/base/errors.ts'
import { fieldValue } from '../../../src/base/header-list.ts'
import type { RequestId } from '../../../src/base/types.ts'
import { errorResponse } from '../../../src/http/error-response.ts'

const id = 'abc-1' as RequestId

function page(error: ProxyError, accept?: string) {
  const { status, headers, body } = errorResponse(error, { id, accept })
  assert.equal(body.kind, 'bytes')
  const text = body.kind === 'bytes' ? Buffer.from(body.bytes).toString() : ''
  assert.equal(fieldValue(headers, 'content-length'), `${Buffer.byteLength(text)}`)
  return { status, text, field: (name: string) => fieldValue(headers, name) }
}

test('an error is told as JSON, to be kept by no one and run by no browser', () => {
  const { status, text, field } = page(new ProxyError('NoSuchKey', 'secret detail', { cause: new Error('stack') }))
  assert.equal(status, 404)
  assert.deepEqual(JSON.parse(text), {
    error: { code: 'NoSuchKey', message: 'The specified key does not exist.', status: 404, correlation_id: 'abc-1' },
  })
  assert.equal(field('content-type'), 'application/json')
  assert.equal(field('cache-control'), 'no-store')
  assert.equal(field('x-content-type-options'), 'nosniff')
  assert.equal(field('content-security-policy'), "default-src 'none'")
  assert.equal(field('retry-after'), undefined)
  assert.equal(field('allow'), undefined)
})

test('an error is told as S3 tells it to a client that prefers XML', () => {
  const { text, field } = page(new ProxyError('AccessDenied', ''), 'application/xml')
  assert.equal(
    text,
    '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>The origin denies access to this ' +
      'object.</Message><RequestId>abc-1</RequestId></Error>\n',
  )
  assert.equal(field('content-type'), 'application/xml')
})

for (const [accept, type] of [
  [undefined, 'json'],
  ['', 'json'],
  ['*/*', 'json'],
  ['application/*', 'json'],
  ['application/json, application/xml', 'json'],
  ['text/xml', 'xml'],
  ['Application/XML', 'xml'],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'xml'],
  ['application/xml;q=0.5, application/json;q=0.4', 'xml'],
  ['application/xml;q=0.5, application/json;q=0.6', 'json'],
  ['application/xml;q=0, */*', 'json'],
  ['application/xml;q=0', 'json'],
  ['application/xml;charset=utf-8 ; q=0.7, text/*;q=0.1', 'xml'],
  ['application/xml;q=high', 'json'],
  ['application/json;q=0, */*;q=0.1, text/xml', 'xml'],
  ['image/svg+xml', 'json'],
] as const) {
  test(`Accept: ${accept} gets ${type}`, () => {
    assert.equal(page(new ProxyError('NoSuchKey', ''), accept).field('content-type'), `application/${type}`)
  })
}

test('503 says when to come back: in a second, or when the origin said', () => {
  assert.equal(page(new ProxyError('SlowDown', '')).field('retry-after'), '1')
  assert.equal(page(new ProxyError('SlowDown', '', { retryAfterSeconds: 6.2 })).field('retry-after'), '7')
  assert.equal(page(new ProxyError('SlowDown', '', { retryAfterSeconds: 0 })).field('retry-after'), '1')
})

test('405 says what is allowed: for objects, or as the error itself has it', () => {
  assert.equal(page(new ProxyError('MethodNotAllowed', '')).field('allow'), 'GET, HEAD, OPTIONS')
  assert.equal(page(new ProxyError('MethodNotAllowed', '', { fields: ['Allow', 'POST'] })).field('allow'), 'POST')
})

test('a detail is told beside the message, in whatever way it can be written', () => {
  const error = new ProxyError('InvalidArgument', '', { detail: `a"\\<b>&c\0\ud800\n${'\u{1f600}'}` })
  assert.equal(JSON.parse(page(error).text).error.detail, error.detail)
  assert.match(
    page(error, 'text/xml').text,
    /call is not one that it takes\.<\/Message><Detail>a"\\&#60;b&#62;&#38;c\ufffd\ufffd\n\u{1f600}<\/Detail><RequestId>/u,
  )
})

test('every error has its status, and no text that XML or JSON would have to escape', () => {
  for (const code of Object.keys(errorTable) as ErrorCode[]) {
    assert.equal(page(new ProxyError(code, 'detail')).status, errorTable[code].status)
    assert.match(errorTable[code].text, /^[^<>&"\\]+$/)
  }
})
