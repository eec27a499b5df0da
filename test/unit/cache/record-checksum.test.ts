import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checksumOf } from '../../../src/cache/record-checksum.ts'
import { fc } from '../../support/fast-check.ts'

const KiB = 1024

/** As zlib and `openssl mac -cipher AES-128-GCM … GMAC` work them out. */
test('checksums are the same on every machine and in every version', () => {
  assert.equal(checksumOf(7, undefined), 7)
  assert.equal(checksumOf(7, new Uint8Array(0)), 7)
  assert.equal(checksumOf(7, Buffer.alloc(32 * KiB - 1, 'crow')), 0xfccfa749)
  assert.equal(checksumOf(7, Buffer.alloc(32 * KiB, 'crow')), 0x5e50c68d)
  assert.equal(checksumOf(7, Buffer.alloc(1024 * KiB, 'crow')), 0x4344e80a)
})

test('any bit flipped, in the body or in what comes before it, is another checksum', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(1, 4 * KiB, 32 * KiB - 1, 32 * KiB, 100 * KiB + 3),
      fc.nat(),
      fc.nat(31),
      (bytes, at, bit) => {
        const body = Buffer.alloc(bytes, 'crow')
        const checksum = checksumOf(7, body)
        assert.notEqual(checksumOf((7 ^ (1 << bit)) >>> 0, body), checksum)
        body[at % bytes] = (body[at % bytes] as number) ^ (1 << (bit & 7))
        assert.notEqual(checksumOf(7, body), checksum)
      },
    ),
  )
})
