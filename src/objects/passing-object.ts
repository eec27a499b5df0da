import { Abandoned, ProxyError } from '../base/errors.ts'
import type { OwnAsking } from '../base/trace.ts'
import type { ByteRange } from '../base/types.ts'
import type { ObjectHead } from '../cache/record.ts'
import type { OriginBody } from '../origin/origin.ts'
import type { FirstByte, OpenedObject } from './opened-object.ts'

/** An answer that nobody keeps: its one reader gets the bytes as the origin sends them. */
export class PassingObject implements OpenedObject {
  readonly head: ObjectHead
  readonly whole = undefined
  readonly isLent = false
  readonly isPassing = true
  readonly #body: OriginBody
  /** Which byte of the object the body begins with. */
  readonly #start: number

  constructor(head: ObjectHead, body: OriginBody, start: number) {
    this.head = head
    this.#body = body
    this.#start = start
  }

  prepare(range: ByteRange): Promise<FirstByte> {
    if (range.start < this.#start)
      throw new ProxyError('InternalError', 'range begins before the body that passes through')
    return Promise.resolve('asked')
  }

  async *read(range: ByteRange, signal: AbortSignal, own?: OwnAsking): AsyncGenerator<Uint8Array, void, void> {
    if (own !== undefined) own.ownBytes = Number.POSITIVE_INFINITY
    const cancel = () => this.#body.cancel()
    signal.addEventListener('abort', cancel, { once: true })
    try {
      let position = this.#start
      for await (const chunk of this.#body) {
        const from = Math.max(0, range.start - position)
        const to = Math.min(chunk.length, range.end - position)
        if (from < to) yield from === 0 && to === chunk.length ? chunk : chunk.subarray(from, to)
        position += chunk.length
        if (position >= range.end) return
      }
      if (signal.aborted) throw signal.reason ?? new Abandoned('reader left')
      if (position < range.end && range.end !== Number.POSITIVE_INFINITY)
        throw new ProxyError('OriginTruncated', 'origin body ended early')
    } finally {
      signal.removeEventListener('abort', cancel)
    }
  }

  release(): void {
    this.#body.cancel()
  }
}
