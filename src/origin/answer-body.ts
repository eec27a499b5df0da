import { ProxyError } from '../base/errors.ts'
import type { OriginBody } from './origin.ts'

/** Above this much unread, the socket is paused. With what the socket itself holds: at most about twice this per answer. */
const pauseAboveBytes = 64 * 1024

/** The sending side, as the body needs it: pressed back on, let go, or given up. */
export interface BodySource {
  pause(): void
  resume(): void
  cancel(): void
}

interface Waiting {
  readonly resolve: (result: IteratorResult<Uint8Array, undefined>) => void
  readonly reject: (error: unknown) => void
}

/** Hands the chunks of one answer to one reader, and holds the sender back when nobody reads. */
export class AnswerBody implements OriginBody, AsyncIterator<Uint8Array, undefined> {
  readonly #source: BodySource
  readonly #chunks: Uint8Array[] = []
  #unreadBytes = 0
  #deliveredBytes = 0
  #expectedBytes: number | undefined
  #paused = false
  #ended = false
  #failure: { readonly error: unknown } | undefined
  #waiting: Waiting | undefined

  constructor(source: BodySource) {
    this.#source = source
  }

  /** How many bytes must come, where the framing of the message does not hold the sender to it. */
  expect(bytes: number): void {
    this.#expectedBytes = bytes
  }

  push(chunk: Uint8Array): void {
    if (this.#ended) return
    this.#chunks.push(chunk)
    this.#unreadBytes += chunk.length
    this.#settleWaiting()
    if (this.#unreadBytes >= pauseAboveBytes && !this.#paused) {
      this.#paused = true
      this.#source.pause()
    }
  }

  /** No more chunks come. Those unread can still be read. */
  end(): void {
    this.#ended = true
    this.#settleWaiting()
  }

  /** As `end`, and the reader gets the error after the last chunk. */
  fail(error: unknown): void {
    if (this.#ended) return
    this.#failure = { error }
    this.end()
  }

  /** As `fail`, but nothing that is unread will be read. */
  abort(error: unknown): void {
    this.#drop()
    this.fail(error)
  }

  /** Puts a chunk back that was read from here, to be read again. */
  unread(chunk: Uint8Array): void {
    this.#chunks.unshift(chunk)
    this.#unreadBytes += chunk.length
    this.#deliveredBytes -= chunk.length
  }

  takeWhole(length: number): Uint8Array | undefined {
    const hasCome = this.#ended && this.#failure === undefined && this.#deliveredBytes === 0
    if (!hasCome || length !== this.#unreadBytes || length !== (this.#expectedBytes ?? length)) return undefined
    const whole = joined(this.#chunks, length)
    this.#drop()
    return whole
  }

  cancel(): void {
    this.#drop()
    if (this.#ended) return
    this.end()
    this.#source.cancel()
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return this
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#settleWaiting()
    })
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.cancel()
    return { done: true, value: undefined }
  }

  #settleWaiting(): void {
    const waiting = this.#waiting
    if (waiting === undefined || (this.#chunks.length === 0 && !this.#ended)) return
    this.#waiting = undefined
    const chunk = this.#chunks.shift()
    if (chunk === undefined) this.#settleEnd(waiting)
    else this.#deliver(chunk, waiting)
  }

  #deliver(chunk: Uint8Array, { resolve, reject }: Waiting): void {
    this.#unreadBytes -= chunk.length
    this.#deliveredBytes += chunk.length
    if (this.#deliveredBytes > (this.#expectedBytes ?? Number.POSITIVE_INFINITY)) {
      this.cancel()
      reject(new ProxyError('OriginMalformed', `the body is longer than the ${this.#expectedBytes} bytes announced`))
      return
    }
    resolve({ done: false, value: chunk })
    if (this.#paused && this.#unreadBytes < pauseAboveBytes) {
      this.#paused = false
      if (!this.#ended) this.#source.resume()
    }
  }

  #settleEnd({ resolve, reject }: Waiting): void {
    if (this.#failure !== undefined) {
      reject(this.#failure.error)
    } else if (this.#deliveredBytes < (this.#expectedBytes ?? 0)) {
      const told = `the body ended after ${this.#deliveredBytes} of ${this.#expectedBytes} bytes`
      reject(new ProxyError('OriginTruncated', told))
    } else {
      resolve({ done: true, value: undefined })
    }
  }

  /** Forgets what is unread. A body given up is not held to a length any more. */
  #drop(): void {
    this.#chunks.length = 0
    this.#unreadBytes = 0
    this.#expectedBytes = undefined
  }
}

/** In a buffer of that very size, which never holds on to a socket's buffers. */
export function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(length)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}
