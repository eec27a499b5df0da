import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EpochMs, HeaderList } from '../../../src/base/types.ts'
import { forwardedHeaders } from '../../../src/origin/answer-headers.ts'

const sent = ['Date', 'Thu, 01 Jan 2026 00:00:00 GMT']
const receivedAt = Date.UTC(2026, 10, 20, 12, 0, 7, 999) as EpochMs
const receivedDate = ['Date', 'Fri, 20 Nov 2026 12:00:07 GMT']

const forwarded = (headers: HeaderList) => forwardedHeaders(headers, receivedAt)

test('a value that would break the response it is put into is dropped with its field', () => {
  for (const bad of ['a\r\nSet-Cookie: b', 'a\nb', 'a\0b', '\u0007', '\u007f', '\u0100']) {
    assert.deepEqual(forwarded(['X-A', '1', 'X-Bad', bad, ...sent]), ['X-A', '1', ...sent])
  }
})

test('bytes above ASCII and tabs are fit to be sent', () => {
  const headers = ['X-A', 'caf\u00c3\u00a9\tb', ...sent]
  assert.deepEqual(forwarded(headers), headers)
})

test('what concerns the connection, the length and the server itself is dropped', () => {
  const connection = ['Connection', 'close, x-b', 'X-B', '2', 'Transfer-Encoding', 'chunked']
  const own = ['Content-Length', '1', 'content-range', 'bytes 0-0/1', 'Server', 's', 'x-amz-request-id', '1']
  assert.deepEqual(forwarded([...connection, ...own, 'X-A', '1', ...sent]), ['X-A', '1', ...sent])
})

test('an answer without Date, or with one that is not passed on, has the time it was received', () => {
  assert.deepEqual(forwarded([]), receivedDate)
  assert.deepEqual(forwarded(['ETag', '"a"']), ['ETag', '"a"', ...receivedDate])
  assert.deepEqual(forwarded(['Connection', 'date', ...sent]), receivedDate)
})

test('the Date an answer came with stays as it is', () => {
  assert.deepEqual(forwarded(['date', 'never', 'ETag', '"a"']), ['date', 'never', 'ETag', '"a"'])
})
