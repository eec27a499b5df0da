/** What the tests of downloads share: sizes, bytes, and waiting for what happens behind an answer. */
import assert from 'node:assert/strict'
import type { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { expectedBytes } from '../../support/synthetic-bytes.ts'

export const MiB = 1024 * 1024

/** More than sockets and read-ahead swallow of a body that nobody reads. */
export const longerThanBuffers = 32 * MiB

/** Turns the event loop until it holds; the runner's time limit ends a wait in vain. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await turn()
}

/** Reads at least `count` bytes and leaves the rest unread, the stream open. */
export async function readFirst(body: Readable, count: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  while (length < count) {
    const chunk: Buffer | null = body.read()
    if (chunk === null) await new Promise((resolve) => body.once('readable', resolve))
    else length += chunks.push(chunk) > 0 ? chunk.length : 0
  }
  return Buffer.concat(chunks)
}

/** Not deepEqual, which prints megabytes when it fails. */
export function assertBytes(actual: Uint8Array, seed: number, start: number, end: number): void {
  assert.equal(actual.length, end - start)
  assert.ok(Buffer.from(expectedBytes(seed, start, end)).equals(actual), `bytes ${start}-${end} differ`)
}

/** Reads to the end and compares on the way, so that many long bodies need no memory. Returns the length. */
export async function compare(body: AsyncIterable<Uint8Array>, expected: Uint8Array): Promise<number> {
  let at = 0
  for await (const chunk of body) {
    const same = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).equals(
      expected.subarray(at, at + chunk.length),
    )
    assert.ok(same, `bytes from ${at} on differ`)
    at += chunk.length
  }
  return at
}

/** Resolves with a count once it has not moved for many turns of the event loop. */
export async function settled(count: () => number): Promise<number> {
  let last = count()
  for (let still = 0; still < 500; still += 1) {
    await turn()
    if (count() !== last) still = 0
    last = count()
  }
  return last
}
