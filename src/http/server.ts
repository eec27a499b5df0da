/** One plain HTTP/1.1 listener: limits, timeouts, drain. Hands each request to one function and sends what it answers. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { Trace } from '../base/trace.ts'
import { type ClientAddresses, type ClientAddressOptions, createClientAddresses } from './client-address.ts'
import { Connection } from './connection.ts'
import { errorResponse } from './error-response.ts'
import { type ExchangeHost, runExchange } from './exchange.ts'
import type { Handler, ProxyRequest, ProxyResponse, Sent } from './messages.ts'
import { parseRequest } from './parse-request.ts'
import { Refusal, type RejectReason, refusalOf } from './refusal.ts'
import { type SendPorts, sendResponse } from './send-response.ts'

export interface ListenerOptions {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  readonly keepAliveTimeoutMs: number
  /** For a request head to arrive (408), and for a client to take at least a byte of what waits for it (cut). */
  readonly requestTimeoutMs: number
  /** Of target, names and values together; a longer head is a 431. */
  readonly maxHeaderBytes: number
  readonly maxUriLength: number
  /** A longer body, or one of unknown length, is told to the handler as `hasBody`; its connection closes after the answer. */
  readonly maxRequestBodyBytes: number
  readonly clientAddress: ClientAddressOptions
}

export interface ListenerPorts {
  readonly clock: Clock
  readonly random: Random
  /** Where it rejects, the client gets the error's response. */
  readonly handle: Handler
  /** Once per handled request: its last byte is out, or its client gone. */
  done(request: ProxyRequest, response: ProxyResponse, trace: Trace, sent: Sent, durationMs: number): void
  /** What arrived never became a request. */
  rejected(reason: RejectReason): void
  connections?(open: number): void
}

export interface Listening {
  readonly host: string
  readonly port: number
  /** Says loopback where the address is a wildcard. */
  readonly url: string
}

export interface Listener {
  /** Resolves once connections are accepted. */
  listen(): Promise<Listening>
  /**
   * Stops accepting, ends idle connections, lets requests in flight finish with `Connection: close`, and destroys what is
   * left after `timeoutMs`. Resolves when no connection is.
   */
  drain(timeoutMs: number): Promise<void>
  readonly openConnections: number
  /** Requests whose last byte is not sent yet. */
  readonly activeRequests: number
}

/** How long a drain waits for the first word on connections that have not had one. */
const firstWordMs = 1000

export function createListener(options: ListenerOptions, ports: ListenerPorts): Listener {
  return new HttpListener(options, ports)
}

class HttpListener implements Listener {
  readonly #options: ListenerOptions
  readonly #ports: ListenerPorts
  readonly #sending: SendPorts
  readonly #host: ExchangeHost
  readonly #addresses: ClientAddresses
  readonly #server: Server
  readonly #connections = new Map<Socket, Connection>()
  #accepted = 0
  #activeRequests = 0
  #isDraining = false
  readonly #lookEveryMs: number
  #endLooks = () => {}
  #lastGone = () => {}

  constructor(options: ListenerOptions, ports: ListenerPorts) {
    this.#options = options
    this.#ports = ports
    this.#sending = { clock: ports.clock, stallLimitMs: options.requestTimeoutMs }
    this.#host = {
      clock: ports.clock,
      sending: this.#sending,
      isDraining: () => this.#isDraining,
      handle: (request, trace) => ports.handle(request, trace),
      done: (...report) => ports.done(...report),
      finish: (connection) => this.#finish(connection),
    }
    this.#addresses = createClientAddresses(options.clientAddress)
    this.#server = createBareServer(options)
    this.#lookEveryMs = Math.max(1, Math.min(1000, options.keepAliveTimeoutMs / 4))
    const receive = (message: IncomingMessage, res: ServerResponse) => this.#receive(message, res)
    this.#server.on('request', receive)
    // No body is wanted, so nobody is told to continue: the final answer comes at once (RFC 9110 §10.1.1).
    this.#server.on('checkContinue', receive)
    this.#server.on('checkExpectation', receive)
    this.#server.on('connection', (socket) => this.#accept(socket))
    this.#server.on('connect', (_message, socket) => {
      this.#refuse(socket as Socket, new Refusal('connect', 'MethodNotAllowed', 'no tunnels here'))
    })
    this.#server.on('clientError', (error, socket) => this.#refuse(socket as Socket, refusalOf(error)))
  }

  get openConnections(): number {
    return this.#connections.size
  }

  get activeRequests(): number {
    return this.#activeRequests
  }

  listen(): Promise<Listening> {
    const { host, port } = this.#options
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host, port }, () => {
        this.#server.off('error', reject)
        // Of a single accept, such as one without a file descriptor left; the next may succeed.
        this.#server.on('error', () => {})
        this.#endLooks = this.#ports.clock.repeat(this.#lookEveryMs, () => this.#lookForIdle())
        const { port: bound } = this.#server.address() as AddressInfo
        resolve({ host, port: bound, url: urlOf(host, bound) })
      })
    })
  }

  async drain(timeoutMs: number): Promise<void> {
    const { clock } = this.#ports
    this.#isDraining = true
    await this.#acceptBacklog()
    // Not http's own close: that one destroys idle connections, and no longer looks for slow heads.
    NetServer.prototype.close.call(this.#server)
    for (const connection of this.#connections.values()) if (connection.isUsed) connection.endIfIdle()
    if (this.#connections.size > 0) {
      const allGone = new Promise<void>((resolve) => {
        this.#lastGone = resolve
      })
      const alarms = [
        clock.alarm(Math.min(firstWordMs, timeoutMs), () => {
          for (const connection of this.#connections.values()) connection.endIfIdle()
        }),
        clock.alarm(timeoutMs, () => {
          for (const connection of this.#connections.values()) connection.destroy()
        }),
      ]
      await allGone
      for (const cancel of alarms) cancel()
    }
    this.#endLooks()
    this.#server.close() // ends the look-out for slow heads
  }

  /**
   * Connections the kernel has made and nobody has picked up yet would be reset. The event loop picks up one a round, so
   * rounds go by until one brings none, or for as long as a first word may take.
   */
  async #acceptBacklog(): Promise<void> {
    const { clock } = this.#ports
    const startedMs = clock.monotonicMs()
    let before: number
    do {
      before = this.#accepted
      await nextTurn() // may end the round under way
      await nextTurn()
    } while (this.#accepted > before && clock.monotonicMs() - startedMs < firstWordMs)
  }

  /** Instead of a timer for each connection, set anew after each answer: it saves 1 µs of a hit. */
  #lookForIdle(): void {
    const patience = Math.ceil(this.#options.keepAliveTimeoutMs / this.#lookEveryMs)
    for (const connection of this.#connections.values()) connection.look(patience)
  }

  #accept(socket: Socket): void {
    this.#accepted += 1
    const { connections } = this.#ports
    this.#connections.set(socket, new Connection(socket, this.#addresses.peer(socket.remoteAddress), this.#ports))
    connections?.(this.#connections.size)
    socket.on('error', () => {}) // 'close' follows, and says all there is to know
    socket.on('close', () => {
      this.#connections.delete(socket)
      connections?.(this.#connections.size)
      if (this.#connections.size === 0) this.#lastGone()
    })
  }

  #refuse(socket: Socket, refusal: Refusal): void {
    if (this.#connections.get(socket)?.refuse(refusal) === true) this.#ports.rejected(refusal.reason)
  }

  #receive(message: IncomingMessage, res: ServerResponse): void {
    const connection = this.#connections.get(message.socket)
    if (connection === undefined || connection.isClosing) return
    const { clock, random } = this.#ports
    const { peer } = connection
    const field = peer.trusted ? message.headers[this.#options.clientAddress.source] : undefined
    const clientAddress = typeof field === 'string' ? this.#addresses.client(peer, field) : peer.address
    const arrival = { message, response: res, clientAddress, receivedAt: clock.now() }
    const request = parseRequest(arrival, this.#options, random)
    connection.begin(res)
    this.#activeRequests += 1
    if (request instanceof Refusal) {
      connection.closeLingering(res)
      connection.inTurn(() => this.#turnAway(connection, request, message, res))
      return
    }
    // node passes over what follows a request to upgrade: like a body, it is taken and dropped.
    if (request.hasBody || message.headers.upgrade !== undefined) connection.closeLingering(res)
    connection.inTurn(() => runExchange(this.#host, connection, request, res))
  }

  #turnAway(connection: Connection, refusal: Refusal, message: IncomingMessage, res: ServerResponse): void {
    this.#ports.rejected(refusal.reason)
    const id = this.#ports.random.requestId()
    const page = errorResponse(refusal.error, { id, accept: message.headers.accept })
    const response = { ...page, headers: [...page.headers, 'X-Correlation-ID', id] }
    sendResponse(response, { method: message.method ?? '', signal: neverFires }, res, this.#sending, () => {
      this.#finish(connection)
    })
  }

  #finish(connection: Connection): void {
    this.#activeRequests -= 1
    connection.finish(this.#isDraining)
  }
}

const neverFires = new AbortController().signal

function createBareServer(options: ListenerOptions): Server {
  const server = createServer({
    // No body is waited for, so a head that is over is all there is to time.
    headersTimeout: options.requestTimeoutMs,
    requestTimeout: options.requestTimeoutMs,
    connectionsCheckingInterval: Math.max(10, Math.min(1000, Math.floor(options.requestTimeoutMs / 4))),
    // Idle connections are ours to look for, see #lookForIdle.
    keepAliveTimeout: 0,
    maxHeaderSize: options.maxHeaderBytes,
    insecureHTTPParser: false,
    // parse-request judges Host, so that its absence is answered and counted like all else.
    requireHostHeader: false,
    // Without, node drops second lines of some fields, and with them the sign that something is wrong.
    joinDuplicateHeaders: true,
    // Spares requests without a body the life of a stream.
    optimizeEmptyRequests: true,
    noDelay: true,
  })
  // node drops fields past the thousandth in silence, whatever they are; here bytes are the bound.
  server.maxHeadersCount = 0
  return server
}

function urlOf(host: string, port: number): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}
