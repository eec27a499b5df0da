/** What the tests of ranges share: an object of known bytes, and reading a multipart answer back. */
import assert from 'node:assert/strict'
import type { Answer } from '../../support/start-proxy.ts'
import { expectedBytes } from '../../support/synthetic-bytes.ts'

export const MiB = 1024 * 1024
export const seed = 7

/** A 206 for one range with exactly these bytes of an object of `size`; `end` is exclusive. */
export function assertPart(answer: Answer, start: number, end: number, size: number): void {
  assert.equal(answer.status, 206)
  assert.equal(answer.header('content-range'), `bytes ${start}-${end - 1}/${size}`)
  assert.equal(answer.header('content-length'), String(end - start))
  assertBytes(answer.body, start, end)
}

export function assertWhole(answer: Answer, size: number): void {
  assert.equal(answer.status, 200)
  assert.equal(answer.header('content-range'), undefined)
  assertBytes(answer.body, 0, size)
}

/** Not deepEqual, which prints megabytes when it fails. */
export function assertBytes(actual: Uint8Array, start: number, end: number): void {
  assert.equal(actual.length, end - start)
  assert.ok(Buffer.from(expectedBytes(seed, start, end)).equals(actual), `bytes ${start}-${end} differ`)
}

export interface Part {
  readonly type: string | undefined
  readonly range: string | undefined
  readonly bytes: Buffer
}

/** Splits by the boundary alone, as a client does. */
export function partsOf(answer: Answer): readonly Part[] {
  const boundary = /^multipart\/byteranges; boundary=(\w+)$/.exec(answer.header('content-type') ?? '')?.[1]
  assert.notEqual(boundary, undefined, `not multipart: ${answer.header('content-type')}`)
  const [preamble = '', ...rest] = answer.body.toString('latin1').split(`--${boundary}`)
  assert.equal(preamble.trim(), '')
  assert.equal(rest.pop()?.trim(), '--')
  return rest.map((text) => {
    const headEnd = text.indexOf('\r\n\r\n')
    const head = text.slice(0, headEnd)
    const value = (name: string) => new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1]
    const bytes = Buffer.from(text.slice(headEnd + 4, -2), 'latin1')
    return { type: value('content-type'), range: value('content-range'), bytes }
  })
}
