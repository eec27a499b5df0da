/**
 * The bytes of every bench object, from its name alone: `WORD-SIZE-NUMBER`, such as `small-1024-17`. The origin makes them
 * without holding them and the clients check every byte against them, so a proxy that answers quickly but wrongly
 * fails the bench.
 */

export interface BenchObject {
  readonly name: string
  readonly size: number
  /** Strong, quotes included. */
  readonly etag: string
  readonly seed: number
}

const blockBytes = 64 * 1024
const stampBytes = 8

/** Two blocks of noise: a block of an object is a window of it, so making and comparing one is a single memcpy or memcmp. */
const noise = makeNoise(2 * blockBytes)

/** The word tells the size class, as folders or extensions do elsewhere, so that a proxy's config can tell them apart. */
export function benchObject(size: number, number: number): BenchObject {
  const word = size < 16 * 1024 ? 'small' : size < 16 * 2 ** 20 ? 'medium' : 'large'
  return makeObject(`${word}-${size}-${number}`, size)
}

/** Any word will do; undefined for a name that is not one of ours. */
export function parseObjectName(name: string): BenchObject | undefined {
  const match = /^[a-z]{1,20}-(\d{1,12})-\d{1,12}$/.exec(name)
  return match === null ? undefined : makeObject(name, Number(match[1]))
}

function makeObject(name: string, size: number): BenchObject {
  const seed = hashName(name)
  return { name, size, seed, etag: `"${seed.toString(16).padStart(8, '0')}${size.toString(16)}"` }
}

/** Writes the object's bytes from `start` on into the whole of `target`. */
export function fillContent(object: BenchObject, start: number, target: Buffer): void {
  for (let at = 0; at < target.length; ) {
    const index = Math.floor((start + at) / blockBytes)
    const within = (start + at) % blockBytes
    const length = Math.min(blockBytes - within, target.length - at)
    const from = windowStart(object, index) + within
    noise.copy(target, at, from, from + length)
    for (let byte = within; byte < stampBytes && byte - within < length; byte += 1) {
      target[at + byte - within] = stampByte(object, index, byte)
    }
    at += length
  }
}

/** Whether `bytes` are the object's bytes from `start` on. */
export function matchesContent(object: BenchObject, start: number, bytes: Buffer): boolean {
  if (start + bytes.length > object.size) return false
  for (let at = 0; at < bytes.length; ) {
    const index = Math.floor((start + at) / blockBytes)
    const within = (start + at) % blockBytes
    const length = Math.min(blockBytes - within, bytes.length - at)
    if (!blockMatches(object, index, within, bytes, at, length)) return false
    at += length
  }
  return true
}

function blockMatches(
  object: BenchObject,
  index: number,
  within: number,
  bytes: Buffer,
  at: number,
  length: number,
): boolean {
  const stamped = Math.min(length, Math.max(0, stampBytes - within))
  for (let byte = 0; byte < stamped; byte += 1) {
    if (bytes[at + byte] !== stampByte(object, index, within + byte)) return false
  }
  const from = windowStart(object, index) + within
  return bytes.compare(noise, from + stamped, from + length, at + stamped, at + length) === 0
}

/** Seed, then block number: two blocks never start alike, so a slice in the wrong place cannot pass for the right one. */
function stampByte(object: BenchObject, index: number, byte: number): number {
  return ((byte < 4 ? object.seed : index) >>> ((byte % 4) * 8)) & 0xff
}

function windowStart(object: BenchObject, index: number): number {
  return (Math.imul(object.seed ^ index, 0x9e3779b1) >>> 0) % blockBytes
}

/** FNV-1a. */
function hashName(name: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < name.length; at += 1) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193)
  return hash >>> 0
}

function makeNoise(size: number): Buffer {
  const next = seededRandom(1)
  const bytes = Buffer.alloc(size)
  for (let at = 0; at < size; at += 1) bytes[at] = next() * 256
  return bytes
}

/** mulberry32: numbers in [0, 1), the same sequence for the same seed on every machine. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
