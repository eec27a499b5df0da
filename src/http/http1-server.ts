/** HTTP/1.1 on connections that somebody else accepts: from bytes to requests, and their answers in order. */

import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Peer } from './client-address.ts'
import { Connection } from './connection.ts'
import type { Conversation } from './conversation.ts'
import { type ExchangeHost, runExchange } from './exchange.ts'
import type { Front, FrontOptions } from './front.ts'
import { createHttp1Wire, Http1Response } from './http1-wire.ts'
import { Outbox } from './outbox.ts'
import { parseRequest } from './parse-request.ts'
import { Refusal, refusalOf, refusalPage } from './refusal.ts'
import { sendResponse } from './send-response.ts'

export class Http1Server {
  readonly #front: Front
  readonly #server: Server<typeof IncomingMessage, typeof Http1Response>
  readonly #wire = createHttp1Wire()
  readonly #connections = new Map<Socket, Connection>()
  readonly #host: ExchangeHost<Connection, Http1Response>

  constructor(front: Front) {
    this.#front = front
    const { clock, handle } = front.ports
    const outbox = new Outbox()
    this.#host = {
      clock,
      handle: (request, trace) => handle(request, trace),
      send: (response, request, connection, res, finished) => {
        outbox.put(() => {
          if (front.isDraining) connection.closeIfNewest(res)
          sendResponse(this.#wire, response, request, res, front.sending, finished)
        })
      },
      finish: (connection) => this.#finish(connection),
      done: (...report) => front.ports.done(...report),
    }
    this.#server = createBareServer(front.options)
    const receive = (message: IncomingMessage, res: Http1Response) => this.#receive(message, res)
    this.#server.on('request', receive)
    // Nobody is told to continue but by whoever reads the body: all others answer at once (RFC 9110 §10.1.1).
    this.#server.on('checkContinue', receive)
    this.#server.on('checkExpectation', receive)
    this.#server.on('connect', (_message, socket) => {
      this.#refuse(socket as Socket, new Refusal('connect', 'MethodNotAllowed', 'no tunnels here'))
    })
    this.#server.on('clientError', (error, socket) => this.#refuse(socket as Socket, refusalOf(error)))
  }

  /** Before the first connection. */
  open(): void {
    this.#server.emit('listening') // what node's look-out for slow heads waits for; who listens is of no matter to it
  }

  /** After the last one. */
  close(): void {
    this.#server.close() // ends that look-out
  }

  converse(socket: Socket, peer: Peer): Conversation {
    const connection = new Connection(socket, peer, this.#front.ports)
    this.#connections.set(socket, connection)
    socket.on('close', () => this.#connections.delete(socket))
    this.#server.emit('connection', socket)
    return connection
  }

  #refuse(socket: Socket, refusal: Refusal): void {
    if (this.#connections.get(socket)?.refuse(refusal) === true) this.#front.ports.rejected(refusal.reason)
  }

  #receive(message: IncomingMessage, res: Http1Response): void {
    const connection = this.#connections.get(message.socket)
    if (connection === undefined || connection.isClosing) return
    const front = this.#front
    const { clock, random } = front.ports
    const { peer } = connection
    const clientAddress = peer.trusted ? front.clientAddress(peer, (name) => fieldOf(message, name)) : peer.address
    const { bodies } = front
    const arrival = { message, response: res, line: connection, bodies, clientAddress, receivedAt: clock.now() }
    const request = parseRequest(arrival, front.options, random)
    connection.begin(res)
    front.activeRequests += 1
    if (request instanceof Refusal) {
      connection.closeLingering(res)
      connection.inTurn(() => this.#turnAway(connection, request, message, res))
      return
    }
    // node passes over what follows a request to upgrade: like a body, it is taken and dropped.
    if (request.hasBody || message.headers.upgrade !== undefined) connection.closeLingering(res)
    connection.inTurn(() => runExchange(this.#host, connection, request, res))
  }

  #turnAway(connection: Connection, refusal: Refusal, message: IncomingMessage, res: Http1Response): void {
    const { ports, sending } = this.#front
    ports.rejected(refusal.reason)
    const page = refusalPage(refusal, ports.random.requestId(), message.headers.accept)
    sendResponse(this.#wire, page, { method: message.method ?? '', signal: neverFires }, res, sending, () => {
      this.#finish(connection)
    })
  }

  #finish(connection: Connection): void {
    this.#front.activeRequests -= 1
    connection.finish(this.#front.isDraining)
  }
}

const neverFires = new AbortController().signal

function fieldOf(message: IncomingMessage, name: string): string | undefined {
  const value = message.headers[name]
  return typeof value === 'string' ? value : undefined
}

function createBareServer(options: FrontOptions): Server<typeof IncomingMessage, typeof Http1Response> {
  const server = createServer({
    ServerResponse: Http1Response,
    // Covers bodies too, where one is read: what comes too slowly is told to its reader.
    headersTimeout: options.requestTimeoutMs,
    requestTimeout: options.requestTimeoutMs,
    connectionsCheckingInterval: Math.max(10, Math.min(1000, Math.floor(options.requestTimeoutMs / 4))),
    // Idle connections are the listener's to look for.
    keepAliveTimeout: 0,
    maxHeaderSize: options.maxHeaderBytes,
    insecureHTTPParser: false,
    // parse-request judges Host, so that its absence is answered and counted like all else.
    requireHostHeader: false,
    // Without, node drops second lines of some fields, and with them the sign that something is wrong.
    joinDuplicateHeaders: true,
    // Spares requests without a body the life of a stream.
    optimizeEmptyRequests: true,
  })
  // node drops fields past the thousandth in silence, whatever they are; here bytes are the bound.
  server.maxHeadersCount = 0
  return server
}
