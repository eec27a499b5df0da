/** The only place where a body's bytes leave, and the only one that knows when they are gone. */

import type { ServerResponse } from 'node:http'
import type { Clock } from '../base/clock.ts'
import { ProxyError } from '../base/errors.ts'
import type { HeaderList } from '../base/types.ts'
import type { Body, ProxyRequest, ProxyResponse, Sent } from './messages.ts'
import { watchForStall } from './stall-watch.ts'

export interface SendPorts {
  readonly clock: Clock
  /** A client that takes no byte for so long is cut. */
  readonly stallLimitMs: number
}

type Answered = Pick<ProxyRequest, 'method' | 'signal'>
type StreamBody = Extract<Body, { kind: 'stream' }>

/**
 * Called once, when the last byte is with the kernel or the connection is gone. `error`: what kept the response from
 * being whole. Unless `res.headersSent`, nothing of it has left and another response may take its place.
 */
export type Finished = (sent: Sent, error: unknown) => void

const nothing: Sent = { bytes: 0, complete: false }

export function sendResponse(
  response: ProxyResponse,
  request: Answered,
  res: ServerResponse,
  ports: SendPorts,
  finished: Finished,
): void {
  const { body, status } = response
  const isBodiless = request.method === 'HEAD' || status === 204 || status === 304
  if (body.kind === 'stream') {
    if (!isBodiless && !res.closed) {
      void sendStream(response, body, request, res, ports, finished)
      return
    }
    body.discard()
  }
  if (res.closed) {
    finished(nothing, undefined)
    return
  }
  try {
    writeHead(response, isBodiless, res)
  } catch (error) {
    finished(nothing, error) // the caller translates it into a response that can be sent
    return
  }
  const bytes = body.kind === 'bytes' && !isBodiless ? body.bytes : undefined
  if (bytes !== undefined && bytes.length <= textBytes) res.end(latin1(bytes), 'latin1')
  else res.end(bytes)
  // Nearly always the kernel has taken all of it by now, and there is nothing to watch.
  const endWatch = res.writableLength > 0 ? watch(res, ports) : undefined
  res.on('close', () => {
    endWatch?.()
    finished({ bytes: bytes?.length ?? 0, complete: res.writableFinished }, undefined)
  })
}

/**
 * A body up to this size goes out as text: node joins it to the head and makes one write of one piece, where head and buffer
 * are a vector of two. At 1 KiB that saves 2 µs of 20, at 4 KiB half a µs; at 8 KiB it costs 7 more.
 */
const textBytes = 2048

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

/** Never rejects. */
async function sendStream(
  response: ProxyResponse,
  body: StreamBody,
  request: Answered,
  res: ServerResponse,
  ports: SendPorts,
  finished: Finished,
): Promise<void> {
  const flow = new Flow(response, body, res, ports)
  let failure: unknown
  try {
    await flow.run(body.read(request.signal))
  } catch (error) {
    // Translated into an end that nobody takes for the whole. What fails once the client is gone is an echo of that.
    if (!res.closed) failure = error
  }
  if (!res.writableEnded) body.discard()
  const settle = () => {
    flow.close()
    finished({ bytes: flow.bytes, complete: res.writableFinished }, failure)
  }
  if (res.closed || (failure !== undefined && !res.headersSent)) {
    settle()
    return
  }
  res.on('close', settle)
  if (failure !== undefined) cut(res, body.size)
}

/** Ends the connection after what is written so far. A response that waits behind others takes them down with it. */
function cut(res: ServerResponse, size: number | undefined): void {
  const { socket, httpVersion } = res.req
  // Where the end of the connection is that of the body, only a reset tells that it is not the end.
  if (size === undefined && httpVersion === '1.0') {
    socket.resetAndDestroy()
    return
  }
  if (res.writableCorked > 0) res.uncork()
  socket.destroy()
}

/** Chunks on their way from a source to the socket, no faster than the client takes them. */
class Flow {
  /** Handed to the socket so far. */
  bytes = 0
  readonly #response: ProxyResponse
  readonly #body: StreamBody
  readonly #res: ServerResponse
  readonly #ports: SendPorts
  #wake = () => {}
  #endWatch: (() => void) | undefined

  constructor(response: ProxyResponse, body: StreamBody, res: ServerResponse, ports: SendPorts) {
    this.#response = response
    this.#body = body
    this.#res = res
    this.#ports = ports
    res.on('drain', () => this.#wake())
    res.on('close', () => this.#wake())
  }

  /** Resolves when the source is at its end or the client gone; rejects when the body is not what it was said to be. */
  async run(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of chunks) {
      if (this.#res.closed) return
      if (chunk.length > 0) await this.#write(chunk)
      if (this.#res.closed) return
    }
    if (this.#res.closed) return
    expectWhole(this.#body, this.bytes)
    this.#open()
    this.#res.end()
    if (this.#res.writableLength > 0) this.#watch()
  }

  close(): void {
    this.#endWatch?.()
  }

  async #write(chunk: Uint8Array): Promise<void> {
    expectRoom(this.#body, this.bytes + chunk.length)
    this.#open()
    this.bytes += chunk.length
    if (this.#res.write(chunk)) return
    this.#watch()
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
  }

  /** Not before there is a byte to follow: a source that fails at once can still become an error response. */
  #open(): void {
    if (!this.#res.headersSent) writeHead(this.#response, false, this.#res)
  }

  #watch(): void {
    this.#endWatch ??= watch(this.#res, this.#ports)
  }
}

function watch(res: ServerResponse, ports: SendPorts): () => void {
  return watchForStall(res.req.socket, ports.clock, ports.stallLimitMs)
}

function expectRoom(body: StreamBody, bytes: number): void {
  if (body.size === undefined || bytes <= body.size) return
  throw new ProxyError('OriginMalformed', `reading a body of ${body.size} bytes that does not end there`)
}

function expectWhole(body: StreamBody, bytes: number): void {
  if (body.size === undefined || bytes === body.size) return
  throw new ProxyError('OriginTruncated', `reading a body of ${body.size} bytes that ended after ${bytes}`)
}

/** Content-Length is seen to here: added where it is missing and known. Throws, with nothing sent, on fields that cannot be sent. */
function writeHead({ status, headers, body }: ProxyResponse, isBodiless: boolean, res: ServerResponse): void {
  const length = bodyLength(body, isBodiless)
  const declared = lengthPosition(headers)
  if (declared === -1 && length !== undefined && status !== 204 && status !== 304) {
    res.writeHead(status, [...headers, 'Content-Length', `${length}`])
    return
  }
  if (declared !== -1 && !isBodiless && Number(headers[declared + 1]) !== length) {
    throw new Error(`Content-Length ${headers[declared + 1]} before a body of ${length} bytes`)
  }
  // node would chunk for an HTTP/1.0 client that sends `TE: chunked`; RFC 9112 §6.1 forbids it. Without, the end of the connection is that of the body.
  if (length === undefined && res.req.httpVersion === '1.0') res.useChunkedEncodingByDefault = false
  // node takes any list of fields, but its types know only the one it may write to.
  res.writeHead(status, lengthLast(headers, declared) as string[])
}

/** Undefined: not known, or (a response to HEAD without the body it stands for) not ours to say. */
function bodyLength(body: Body, isBodiless: boolean): number | undefined {
  switch (body.kind) {
    case 'bytes':
      return body.bytes.length
    case 'stream':
      return body.size
    default:
      return isBodiless ? undefined : 0
  }
}

function lengthPosition(headers: HeaderList): number {
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]
    if (name?.length === 14 && name.toLowerCase() === 'content-length') return i
  }
  return -1
}

/** Once node knows the length it decodes a Content-Disposition as UTF-8, which garbles other bytes; so the length goes last. */
function lengthLast(headers: HeaderList, declared: number): HeaderList {
  if (declared === -1) return headers
  for (let i = declared + 2; i < headers.length; i += 2) {
    const name = headers[i]
    if (name?.length === 19 && name.toLowerCase() === 'content-disposition') {
      return [...headers.toSpliced(declared, 2), ...headers.slice(declared, declared + 2)]
    }
  }
  return headers
}
