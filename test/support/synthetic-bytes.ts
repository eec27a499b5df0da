/** Bodies of any size that nobody has to keep: each 64 KiB block is computed from the seed and its number. */

export interface Synthetic {
  readonly size: number
  readonly seed: number
}

export const blockBytes = 64 * 1024

/** The bytes from `start` to `end` (exclusive) of the endless body with this seed. */
export function expectedBytes(seed: number, start: number, end: number): Uint8Array {
  const bytes = new Uint8Array(end - start)
  for (let at = start; at < end; ) {
    const block = Math.floor(at / blockBytes)
    const from = at - block * blockBytes
    const part = blockOf(seed, block).subarray(from, Math.min(blockBytes, from + end - at))
    bytes.set(part, at - start)
    at += part.length
  }
  return bytes
}

/** xorshift32, started at a mix of seed and block number that keeps neighbours apart. */
function blockOf(seed: number, block: number): Uint8Array {
  const words = new Uint32Array(blockBytes / 4)
  let state = Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(block + 1, 0x85ebca6b) || 1
  for (let index = 0; index < words.length; index += 1) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[index] = state
  }
  return new Uint8Array(words.buffer)
}
