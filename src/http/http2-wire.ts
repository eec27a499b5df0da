/** A response as HTTP/2 has it: a header section and data on a stream of its own (RFC 9113 §8). */

import type { Http2Session, ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { isHopByHop } from '../base/header-list.ts'
import { bodyLength, declaredAt, mayTellLength } from './content-length.ts'
import { allFields } from './field-block.ts'
import type { ProxyResponse } from './messages.ts'
import type { Wire } from './send-response.ts'
import { bytesUnderWay, takenByKernel } from './stall-watch.ts'
import { transportOf } from './transport.ts'

/**
 * What a client with a small window has taken shows only once a whole write is gone; one that takes less in the time allowed
 * is stalled. As much as a frame holds unless the client allows more: larger pieces are no faster.
 */
const pieceBytes = 16 * 1024

export const http2Wire: Wire<ServerHttp2Stream> = {
  pieceBytes,
  writeHead(stream, response) {
    stream.respond(headerSection(response, false))
  },
  writeWhole(stream, response, isBodiless, bytes) {
    const endStream = bytes === undefined || bytes.length === 0
    stream.respond(headerSection(response, isBodiless), { endStream })
    if (!endStream) stream.end(bytes)
  },
  /** Not `close`: that ends the stream in order before it resets it, and a client may take what came for the whole. */
  cut(stream) {
    stream.destroy(new Error('the response breaks off'))
  },
  // An end waits too: a session that broke down inside nghttp2 may never send it, nor say so.
  isWaiting: (stream) => !stream.closed && (stream.writableLength > 0 || stream.writableEnded),
  // node ends what it can of a stream that its client gives up; that makes no response complete.
  isComplete: (stream) => stream.headersSent && stream.writableFinished && !stream.aborted && stream.rstCode === 0,
  stallOf(stream, handed) {
    const { session } = stream
    return {
      isWaiting: () => http2Wire.isWaiting(stream),
      // While the connection is full, its client takes what it can of all streams; else what is left waits for this one's window.
      taken: () => handed() - stream.writableLength + (session === undefined ? 0 : takenWhileFull(session)),
      cut: () => http2Wire.cut(stream, undefined),
    }
  },
}

/** Full: the kernel takes no more, or the client allows all its streams together less than a piece. */
function takenWhileFull(session: Http2Session): number {
  if (session.destroyed) return 0
  const transport = transportOf(session.socket as Socket)
  const isFull = bytesUnderWay(transport) > 0 || (session.state.remoteWindowSize ?? 0) < pieceBytes
  return isFull ? takenByKernel(transport) : 0
}

/** What node would let out for HTTP/2, but never for HTTP/1.1: line ends in a value, and characters that are no byte. */
const unsendable = /[^\t\x20-\x7e\x80-\xff]/

/** Connection-specific fields are left out (§8.2.2); Content-Length is seen to. Throws on what cannot be sent. */
function headerSection(response: ProxyResponse, isBodiless: boolean): string[] {
  const { status, body } = response
  const headers = allFields(response)
  const length = bodyLength(body, isBodiless)
  const section = [':status', `${status}`]
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]?.toLowerCase() ?? ''
    const value = headers[i + 1] ?? ''
    if (unsendable.test(value)) throw new Error(`the value of ${name} has characters that no field may have`)
    if (name.startsWith(':')) throw new Error(`${name} is no response field`)
    if (!isHopByHop(name)) section.push(name, value)
  }
  if (declaredAt(headers, length, isBodiless) === -1 && length !== undefined && mayTellLength(response)) {
    section.push('content-length', `${length}`)
  }
  return section
}
