/** An Origin without sockets that holds one object of pseudo-random bytes, and counts what it is asked for. */
import { setImmediate as turn } from 'node:timers/promises'
import type { EpochMs, Etag } from '../../src/base/types.ts'
import type { ObjectRef, Origin, OriginAnswer, OriginBody, OriginQuery } from '../../src/origin/origin.ts'
import { expectedBytes } from './synthetic-bytes.ts'

export interface ByteOriginOptions {
  readonly size: number
  readonly chunkBytes: number
  /** Turns of the event loop to wait before each chunk, used round robin. */
  readonly pauses?: readonly number[]
  /** A body has come by the time that its answer is told. */
  readonly comesWhole?: boolean
}

export class ByteOrigin implements Origin {
  readonly name = 'bytes'
  readonly fingerprint = 'bytes/bucket'
  /** As many as a test says. */
  waiting = 0
  readonly #options: ByteOriginOptions
  #version = 1
  #content: Uint8Array
  requests = 0
  bytesSent = 0
  /** Bodies that were neither read to the end nor given up. */
  openBodies = 0

  constructor(options: ByteOriginOptions) {
    this.#options = options
    this.#content = expectedBytes(this.#version, 0, options.size)
  }

  bytes(start: number, end: number): Uint8Array {
    return this.#content.subarray(start, end)
  }

  get etag(): Etag {
    return `"v${this.#version}"` as Etag
  }

  /** Other bytes under another ETag. Bodies under way keep sending the old ones. */
  change(): void {
    this.#version++
    this.#content = expectedBytes(this.#version, 0, this.#options.size)
  }

  async ask(_ref: ObjectRef, query: OriginQuery): Promise<OriginAnswer> {
    this.requests++
    await turn()
    query.signal.throwIfAborted()
    const { size } = this.#options
    if (query.ifMatch !== undefined && query.ifMatch !== this.etag) return { kind: 'changed' }
    const { start, end } = selected(query.range, size)
    if (query.range !== undefined && start >= end) return { kind: 'unsatisfiable' }
    const at = 1_767_225_600_000 as EpochMs
    const headers = ['ETag', this.etag, 'Cache-Control', 'max-age=60']
    const head = { status: 200, etag: this.etag, size, headers, requestedAt: at, receivedAt: at }
    return { kind: 'object', head, start, end, body: this.#body(start, end) }
  }

  async close(): Promise<void> {}

  #body(start: number, end: number): OriginBody {
    const content = this.#content
    const { chunkBytes, pauses = [0], comesWhole = false } = this.#options
    let isOpen = true
    this.openBodies++
    const close = () => {
      if (isOpen) this.openBodies--
      isOpen = false
    }
    const countSent = (bytes: number) => {
      this.bytesSent += bytes
    }
    return {
      cancel: close,
      takeWhole(length) {
        if (!comesWhole || length !== end - start) return undefined
        close()
        countSent(length)
        return content.slice(start, end)
      },
      async *[Symbol.asyncIterator]() {
        try {
          for (let at = start, count = 0; at < end && isOpen; at += chunkBytes, count++) {
            for (let left = pauses[count % pauses.length] ?? 0; left > 0; left--) await turn()
            const chunk = content.subarray(at, Math.min(end, at + chunkBytes))
            countSent(chunk.length)
            yield chunk
          }
        } finally {
          close()
        }
      },
    }
  }
}

function selected(range: OriginQuery['range'], size: number): { start: number; end: number } {
  if (range === undefined) return { start: 0, end: size }
  if ('suffix' in range) return { start: Math.max(0, size - range.suffix), end: size }
  return { start: range.start, end: Math.min(size, range.end ?? size) }
}
