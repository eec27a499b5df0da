/** Bytes that are another's as soon as whoever lent them has them back: sent, they are waited for until the kernel has them. */

const lent = new WeakSet<ArrayBufferLike>()

/** Not zeroed, and lent from the beginning. No shared memory: V8 does not count that, and would leave what is dropped where it is. */
export function lentBuffer(bytes: number): ArrayBuffer {
  const { buffer } = Buffer.allocUnsafeSlow(bytes)
  lent.add(buffer)
  return buffer
}

/** All that lies in shared memory is only lent. */
export function isLent({ buffer }: Uint8Array): boolean {
  return buffer instanceof SharedArrayBuffer || lent.has(buffer)
}
