import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isLent, lentBuffer } from '../../../src/base/lent-bytes.ts'

test('bytes are lent that lie in a buffer made for that, or in shared memory, and no others', () => {
  const lent = lentBuffer(8)
  assert.equal(lent.byteLength, 8)
  assert.ok(isLent(new Uint8Array(lent)) && isLent(Buffer.from(lent, 2, 3)))
  assert.ok(isLent(new Uint8Array(new SharedArrayBuffer(8))))
  assert.ok(!isLent(new Uint8Array(8)) && !isLent(new Uint8Array(lent).slice()))
})
