import assert from 'node:assert/strict'
import test from 'node:test'
import { multipartByteranges } from '../../../src/http/multipart.ts'

const object = Buffer.from('0123456789')

function assembled(contentType: string | undefined): { text: string; length: number; contentType: string } {
  const ranges = [
    { start: 7, end: 10 },
    { start: 0, end: 2 },
  ]
  const { parts, tail, length, contentType: type } = multipartByteranges(ranges, 10, contentType, 'XyZ1')
  const pieces = parts.flatMap(({ head, range }) => [head, object.subarray(range.start, range.end)])
  return { text: Buffer.concat([...pieces, tail]).toString('latin1'), length, contentType: type }
}

test('each part says what it is, and the length is that of all of it', () => {
  const { text, length, contentType } = assembled('text/plain; x=\xe9')
  assert.equal(
    text,
    '--XyZ1\r\nContent-Type: text/plain; x=\xe9\r\nContent-Range: bytes 7-9/10\r\n\r\n789' +
      '\r\n--XyZ1\r\nContent-Type: text/plain; x=\xe9\r\nContent-Range: bytes 0-1/10\r\n\r\n01' +
      '\r\n--XyZ1--\r\n',
  )
  assert.equal(length, text.length)
  assert.equal(contentType, 'multipart/byteranges; boundary=XyZ1')
})

test('an object without a type has parts without one', () => {
  const { text, length } = assembled(undefined)
  assert.ok(text.startsWith('--XyZ1\r\nContent-Range: bytes 7-9/10\r\n\r\n789\r\n'))
  assert.equal(length, text.length)
})
