/**
 * What shows damage in a record's file: 32 bits. CRC-32 costs 0.2 µs a KiB in node, whose zlib is built without the processor's
 * carry-less multiplication; OpenSSL's GMAC uses it and costs 0.04, once 4 µs are spent on making a cipher. Its key is no
 * secret: it is a checksum, and nobody is kept from making one.
 */

import { createCipheriv } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** From here on GMAC is the cheaper one: 8 µs instead of 23 for 100 KiB, 50 instead of 250 for 1 MiB. Part of the file format. */
const longBytes = 32 * 1024

const key = Buffer.alloc(16)
const nonceBytes = 12

/** Over the body and what comes before it, whose CRC-32 is `before`. */
export function checksumOf(before: number, body: Uint8Array | undefined): number {
  if (body === undefined) return before
  if (body.byteLength < longBytes) return crc32(body, before)
  const nonce = Buffer.alloc(nonceBytes)
  nonce.writeUInt32LE(before)
  const gmac = createCipheriv('aes-128-gcm', key, nonce).setAAD(body)
  gmac.final()
  return gmac.getAuthTag().readUInt32LE()
}
