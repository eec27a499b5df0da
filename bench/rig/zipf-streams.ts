/** Requests as the field sees them, made up: seeded, so that every run and every tier gets the same. */

import type { EpochMs, Etag, RecordId } from '../../src/base/types.ts'
import type { CacheRecord } from '../../src/cache/record.ts'

export interface Request {
  readonly id: RecordId
  readonly size: number
}

export interface Stream {
  readonly name: string
  readonly count: number
  requests(): Iterable<Request>
}

/** Mulberry32. */
export function seededRandom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Ranks from 0, by the inverse of the cumulated weights. */
export function zipf(count: number, exponent: number, random: () => number): () => number {
  const cumulated = new Float64Array(count)
  let sum = 0
  for (let rank = 0; rank < count; rank++) cumulated[rank] = sum += (rank + 1) ** -exponent
  return () => {
    const wanted = random() * sum
    let [low, high] = [0, count - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((cumulated[middle] as number) < wanted) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** 60 % of 200 B to 4 KiB, 30 % to 64 KiB, 10 % to 1 MiB; always the same for one number. */
export function mixedSize(number: number): number {
  const share = seededRandom(number * 2654435761)()
  if (share < 0.6) return Math.floor(200 * 20.48 ** (share / 0.6))
  if (share < 0.9) return Math.floor(4096 * 16 ** ((share - 0.6) / 0.3))
  return Math.floor(65_536 * 15.9 ** ((share - 0.9) / 0.1))
}

interface Shape {
  readonly objects: number
  readonly exponent: number
  readonly count: number
  size(number: number): number
  /** Part of the requests that ask for something once. */
  readonly scan?: number
  /** After so many requests every rank means the next object. */
  readonly drift?: number
}

function* requestsOf(shape: Shape): Generator<Request> {
  const random = seededRandom(42)
  const rank = zipf(shape.objects, shape.exponent, random)
  for (let index = 0; index < shape.count; index++) {
    const isScan = random() < (shape.scan ?? 0)
    const shift = shape.drift === undefined ? 0 : Math.floor(index / shape.drift)
    const number = isScan ? shape.objects * 16 + index : rank() + shift
    yield { id: `bench:object-${number}` as RecordId, size: shape.size(number) }
  }
}

const streamOf = (name: string, shape: Shape): Stream => ({
  name,
  count: shape.count,
  requests: () => requestsOf(shape),
})

const eightKiB = () => 8192
const mixed = { objects: 60_000, count: 300_000, size: mixedSize }

export const streams: readonly Stream[] = [
  streamOf('zipf 0.8, mixed sizes', { ...mixed, exponent: 0.8 }),
  streamOf('zipf 1.0, mixed sizes', { ...mixed, exponent: 1 }),
  streamOf('zipf 0.9, mixed, 20 % scan', { ...mixed, exponent: 0.9, scan: 0.2 }),
  streamOf('zipf 0.9, mixed, drifting', { ...mixed, exponent: 0.9, drift: 10 }),
  streamOf('zipf 0.9, 8 KiB', { objects: 60_000, exponent: 0.9, count: 600_000, size: eightKiB }),
  streamOf('zipf 0.9, 1 KiB', { objects: 600_000, exponent: 0.9, count: 1_200_000, size: () => 1024 }),
]

const head = {
  status: 200,
  etag: '"5d41402abc4b2a76b9719d911017c592"' as Etag,
  sliceBytes: 2 ** 20,
  headers: ['content-type', 'image/jpeg', 'last-modified', 'Tue, 20 Oct 2026 07:28:00 GMT'],
  requestedAt: 0 as EpochMs,
  storedAt: 0 as EpochMs,
  originFingerprint: 'https://s3.example/bucket',
}

export function recordOf(size: number): CacheRecord {
  return { kind: 'object', head: { ...head, size }, body: new Uint8Array(size) }
}
