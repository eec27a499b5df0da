/** HTTP/2 on connections that somebody else accepts: each stream a request, the same to all behind as one of HTTP/1.1. */

import { constants, performServerHandshake, type ServerHttp2Stream, type ServerOptions } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import type { Peer } from './client-address.ts'
import type { Conversation } from './conversation.ts'
import { type ExchangeHost, runExchange } from './exchange.ts'
import type { Front, FrontOptions } from './front.ts'
import { Http2Connection } from './http2-connection.ts'
import { http2Wire } from './http2-wire.ts'
import { parseStream, RequestFields } from './parse-http2-request.ts'
import { Refusal, type RejectReason, refusalPage } from './refusal.ts'
import { sendResponse } from './send-response.ts'

/** RFC 9113 §6.5.2 recommends no less than 100. */
const maxConcurrentStreams = 128
/** What a client may give up at once, and each second (CVE-2023-44487). Beyond, nghttp2 ends the session. */
const resetBurst = 500
const resetsPerSecond = 33
/** No head within the usual bound of bytes has as many; it keeps references into the compression table from multiplying. */
const maxFields = 1000

export class Http2Server {
  readonly #front: Front
  readonly #settings: ServerOptions
  readonly #host: ExchangeHost<Http2Connection, ServerHttp2Stream>

  constructor(front: Front) {
    this.#front = front
    this.#settings = sessionOptions(front.options)
    const { clock, handle } = front.ports
    this.#host = {
      clock,
      handle: (request, trace) => handle(request, trace),
      send: (response, request, _connection, stream, finished) =>
        sendResponse(http2Wire, response, request, stream, front.sending, finished),
      finish: (connection) => this.#finish(connection),
      done: (...report) => front.ports.done(...report),
    }
  }

  converse(socket: TLSSocket, peer: Peer): Conversation {
    const { ports, options } = this.#front
    const session = performServerHandshake(socket, this.#settings)
    const connection = new Http2Connection(session, socket, peer, ports.clock)
    const endWait = ports.clock.alarm(options.requestTimeoutMs, () => {
      ports.rejected('head-timeout')
      connection.retire()
    })
    session.once('stream', endWait)
    session.on('stream', (stream, _headers, flags, section) => this.#receive(connection, stream, flags, section))
    session.on('error', (error) => {
      const reason = reasonOf(error, connection)
      if (reason !== undefined) ports.rejected(reason)
    })
    session.on('goaway', () => connection.retire())
    session.on('close', endWait)
    return connection
  }

  #receive(connection: Http2Connection, stream: ServerHttp2Stream, flags: number, section: readonly string[]): void {
    stream.on('error', () => {}) // 'close' follows, and says all there is to know
    const front = this.#front
    const { clock, random } = front.ports
    const fields = new RequestFields(section)
    const request = parseStream(
      {
        stream,
        fields,
        isWhole: (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0,
        bodies: front.bodies,
        clientAddress: front.clientAddress(connection.peer, (name) => fields.value(name)),
        receivedAt: clock.now(),
      },
      front.options,
      random,
    )
    connection.begin(stream)
    front.activeRequests += 1
    if (request instanceof Refusal) this.#turnAway(connection, stream, request, fields)
    else runExchange(this.#host, connection, request, stream)
  }

  #turnAway(connection: Http2Connection, stream: ServerHttp2Stream, refusal: Refusal, fields: RequestFields): void {
    const { ports, sending } = this.#front
    ports.rejected(refusal.reason)
    const page = refusalPage(refusal, ports.random.requestId(), fields.value('accept'))
    const method = fields.pseudo(':method') ?? ''
    sendResponse(http2Wire, page, { method, signal: neverFires }, stream, sending, () => this.#finish(connection))
  }

  #finish(connection: Http2Connection): void {
    this.#front.activeRequests -= 1
    connection.finish(this.#front.isDraining)
  }
}

const neverFires = new AbortController().signal

function sessionOptions({ maxHeaderBytes }: FrontOptions): ServerOptions {
  return {
    // Told, not held to: each field counts 32 bytes more there, and a head over the bound is to get its 431.
    settings: { maxConcurrentStreams, maxHeaderListSize: 2 * maxHeaderBytes },
    maxHeaderListPairs: maxFields,
    streamResetBurst: resetBurst,
    streamResetRate: resetsPerSecond,
    // Else node takes a response with a second ETag or the like for a mistake of ours.
    strictSingleValueFields: false,
    // Else nghttp2 drops a field whose value has space around it, as though it had not been sent.
    strictFieldWhitespaceValidation: false,
  }
}

/** Codes of nghttp2 (nghttp2.h) for clients that overdo it. */
const floods: ReadonlySet<number> = new Set([-902, -904, -905])

/** Undefined: the connection broke, which is no offence. */
function reasonOf(error: NodeJS.ErrnoException, { resets }: Http2Connection): RejectReason | undefined {
  if (error.errno === undefined || !error.code?.startsWith('ERR_HTTP2_')) return undefined
  return floods.has(error.errno) || resets >= resetBurst ? 'h2-flood' : 'h2-protocol'
}
