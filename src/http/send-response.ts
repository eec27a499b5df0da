/** The only place where a body's bytes leave, and the only one that knows when they are gone. */

import type { Clock } from '../base/clock.ts'
import { ProxyError } from '../base/errors.ts'
import { isLent } from '../base/lent-bytes.ts'
import type { Body, ProxyRequest, ProxyResponse, Sent } from './messages.ts'
import { type Watched, watchForStall } from './stall-watch.ts'

export interface SendPorts {
  readonly clock: Clock
  /** A client that takes no byte for so long is cut. */
  readonly stallLimitMs: number
}

/** Where one response goes: as node has it, in HTTP/1.1 and in HTTP/2 alike. */
export interface Outlet {
  readonly closed: boolean
  readonly headersSent: boolean
  readonly writableEnded: boolean
  write(chunk: Uint8Array, gone?: () => void): boolean
  end(): void
  on(event: 'drain' | 'close', listener: () => void): unknown
}

/** What differs between the protocols. One for each: a response costs no object of its own. */
export interface Wire<Out extends Outlet> {
  /** Chunks are written in pieces of so many bytes, each once the one before is gone. Absent: whole, as long as there is room. */
  readonly pieceBytes?: number
  /** Throws, with nothing sent, on fields that cannot be sent. */
  writeHead(out: Out, response: ProxyResponse): void
  /** Head, body and end at once. `bytes`: those of the body, unless there is none to send. Throws like `writeHead`. */
  writeWhole(out: Out, response: ProxyResponse, isBodiless: boolean, bytes: Uint8Array | undefined): void
  /** Ends what is written so far so that nobody takes it for the whole. */
  cut(out: Out, size: number | undefined): void
  /** Some of what was written waits for the client. */
  isWaiting(out: Out): boolean
  /** All of the response is with the kernel, not given up. */
  isComplete(out: Out): boolean
  /** `handed`: bytes written so far. */
  stallOf(out: Out, handed: () => number): Watched
}

type Answered = Pick<ProxyRequest, 'method' | 'signal'>
type StreamBody = Extract<Body, { kind: 'stream' }>

/**
 * Called once, when the last byte is with the kernel or the connection is gone. `error`: what kept the response from
 * being whole. Unless `out.headersSent`, nothing of it has left and another response may take its place.
 */
export type Finished = (sent: Sent, error: unknown) => void

const nothing: Sent = { bytes: 0, complete: false }

export function sendResponse<Out extends Outlet>(
  wire: Wire<Out>,
  response: ProxyResponse,
  request: Answered,
  out: Out,
  ports: SendPorts,
  finished: Finished,
): void {
  const { body, status } = response
  const isBodiless = request.method === 'HEAD' || status === 204 || status === 304
  if (body.kind === 'stream') {
    if (!isBodiless && !out.closed) {
      void sendStream(wire, response, body, request, out, ports, finished)
      return
    }
    body.discard()
  }
  if (out.closed) {
    finished(nothing, undefined)
    return
  }
  const bytes = body.kind === 'bytes' && !isBodiless ? body.bytes : undefined
  if (bytes !== undefined && wire.pieceBytes !== undefined && bytes.length > wire.pieceBytes) {
    void sendStream(wire, response, streamOf(bytes), request, out, ports, finished)
    return
  }
  try {
    wire.writeWhole(out, response, isBodiless, bytes)
  } catch (error) {
    finished(nothing, error) // the caller translates it into a response that can be sent
    return
  }
  // Nearly always the kernel has taken all of it by now, and there is nothing to watch.
  const endWatch = wire.isWaiting(out) ? watch(wire, out, ports, () => bytes?.length ?? 0) : undefined
  out.on('close', () => {
    endWatch?.()
    finished({ bytes: bytes?.length ?? 0, complete: wire.isComplete(out) }, undefined)
  })
}

function streamOf(bytes: Uint8Array): StreamBody {
  return { kind: 'stream', size: bytes.length, read: () => once(bytes), discard() {} }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

/** Never rejects. */
async function sendStream<Out extends Outlet>(
  wire: Wire<Out>,
  response: ProxyResponse,
  body: StreamBody,
  request: Answered,
  out: Out,
  ports: SendPorts,
  finished: Finished,
): Promise<void> {
  const flow = new Flow(wire, response, body, out, ports)
  let failure: unknown
  try {
    await flow.run(body.read(request.signal))
  } catch (error) {
    // Translated into an end that nobody takes for the whole. What fails once the client is gone is an echo of that.
    if (!out.closed) failure = error
  }
  if (!out.writableEnded) body.discard()
  const settle = () => {
    flow.close()
    finished({ bytes: flow.bytes, complete: failure === undefined && wire.isComplete(out) }, failure)
  }
  if (out.closed || (failure !== undefined && !out.headersSent)) {
    settle()
    return
  }
  out.on('close', settle)
  if (failure !== undefined) wire.cut(out, body.size)
}

/** Chunks on their way from a source to the socket, no faster than the client takes them. */
class Flow<Out extends Outlet> {
  /** Handed to the socket so far. */
  bytes = 0
  readonly #wire: Wire<Out>
  readonly #response: ProxyResponse
  readonly #body: StreamBody
  readonly #out: Out
  readonly #ports: SendPorts
  #wake = () => {}
  #endWatch: (() => void) | undefined

  constructor(wire: Wire<Out>, response: ProxyResponse, body: StreamBody, out: Out, ports: SendPorts) {
    this.#wire = wire
    this.#response = response
    this.#body = body
    this.#out = out
    this.#ports = ports
    out.on('drain', () => this.#wake())
    out.on('close', () => this.#wake())
  }

  /** Resolves when the source is at its end or the client gone; rejects when the body is not what it was said to be. */
  async run(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of chunks) {
      if (this.#out.closed) return
      if (chunk.length > 0) await this.#write(chunk)
      if (this.#out.closed) return
    }
    if (this.#out.closed) return
    expectWhole(this.#body, this.bytes)
    this.#open()
    this.#out.end()
    if (this.#wire.isWaiting(this.#out)) this.#watch()
  }

  close(): void {
    this.#endWatch?.()
  }

  async #write(chunk: Uint8Array): Promise<void> {
    expectRoom(this.#body, this.bytes + chunk.length)
    this.#open()
    const { pieceBytes } = this.#wire
    if (pieceBytes === undefined) return isLent(chunk) ? this.#writeOut(chunk) : this.#writeOn(chunk)
    for (let at = 0; at < chunk.length && !this.#out.closed; at += pieceBytes) {
      await this.#writeOut(chunk.subarray(at, at + pieceBytes))
    }
  }

  /** Resolves when there is room for more. */
  async #writeOn(chunk: Uint8Array): Promise<void> {
    this.bytes += chunk.length
    if (this.#out.write(chunk)) return
    this.#watch()
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
  }

  /** Resolves when the kernel has it, or the connection is gone and node will not look at it again. */
  async #writeOut(piece: Uint8Array): Promise<void> {
    this.bytes += piece.length
    const gone = new Promise<void>((resolve) => {
      this.#wake = resolve
      this.#out.write(piece, () => resolve())
    })
    this.#watch()
    await gone
  }

  /** Not before there is a byte to follow: a source that fails at once can still become an error response. */
  #open(): void {
    if (!this.#out.headersSent) this.#wire.writeHead(this.#out, this.#response)
  }

  #watch(): void {
    this.#endWatch ??= watch(this.#wire, this.#out, this.#ports, () => this.bytes)
  }
}

function watch<Out extends Outlet>(wire: Wire<Out>, out: Out, ports: SendPorts, handed: () => number): () => void {
  return watchForStall(wire.stallOf(out, handed), ports.clock, ports.stallLimitMs)
}

function expectRoom(body: StreamBody, bytes: number): void {
  if (body.size === undefined || bytes <= body.size) return
  throw new ProxyError('OriginMalformed', `reading a body of ${body.size} bytes that does not end there`)
}

function expectWhole(body: StreamBody, bytes: number): void {
  if (body.size === undefined || bytes === body.size) return
  throw new ProxyError('OriginTruncated', `reading a body of ${body.size} bytes that ended after ${bytes}`)
}
