/** One listener: accepts connections, finds out what is spoken on each, and ends them all. */

import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { TlsCertificate, TlsOptions } from './certificates.ts'
import type { Peer } from './client-address.ts'
import type { Conversation } from './conversation.ts'
import { Front, type FrontOptions, type FrontPorts } from './front.ts'
import { Http1Server } from './http1-server.ts'
import { Http2Server } from './http2-server.ts'
import { Prelude } from './prelude.ts'
import { readProxyHeader } from './proxy-greeting.ts'
import { TlsGate } from './tls-gate.ts'

export interface ListenerOptions extends FrontOptions {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** Whether other listeners of this user may have the same port, each with a part of the connections (SO_REUSEPORT). */
  readonly reusePort?: boolean
  /** Absent: HTTP/1.1 in the clear. With it HTTP/2 too, as the client chooses (ALPN). */
  readonly tls?: TlsOptions | undefined
}

export interface ListenerPorts extends FrontPorts {
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
   * What new connections are shown from now on; those open are left alone. Throws, with nothing changed, when a certificate
   * or key is none, or the listener has no TLS.
   */
  renewCertificates(certificates: readonly TlsCertificate[]): void
  /**
   * Stops accepting, ends idle connections, lets requests in flight finish with `Connection: close` or GOAWAY, and destroys
   * what is left after `timeoutMs`. Resolves when no connection is.
   */
  drain(timeoutMs: number): Promise<void>
  readonly openConnections: number
  /** Requests whose last byte is not sent yet. */
  readonly activeRequests: number
}

/** How long a drain waits for the first word on connections that have not had one. */
const firstWordMs = 1000

/** Throws when a certificate or key is none. */
export function createListener(options: ListenerOptions, ports: ListenerPorts): Listener {
  return new HttpListener(options, ports)
}

class HttpListener implements Listener {
  readonly #options: ListenerOptions
  readonly #ports: ListenerPorts
  readonly #front: Front
  readonly #server: Server
  readonly #http1: Http1Server
  readonly #http2: Http2Server
  readonly #tls: TlsGate | undefined
  /** By the TCP connection they are held on. */
  readonly #conversations = new Map<Socket, Conversation>()
  #accepted = 0
  readonly #lookEveryMs: number
  #endLooks = () => {}
  #lastGone = () => {}

  constructor(options: ListenerOptions, ports: ListenerPorts) {
    this.#options = options
    this.#ports = ports
    this.#front = new Front(options, ports)
    this.#http1 = new Http1Server(this.#front)
    this.#http2 = new Http2Server(this.#front)
    this.#tls = options.tls && new TlsGate(options.tls)
    this.#lookEveryMs = Math.max(1, Math.min(1000, options.keepAliveTimeoutMs / 4))
    // Only HTTP/1.1 in the clear has something to say to a client that says no more; with TLS, that one is gone.
    const allowHalfOpen = options.tls === undefined
    this.#server = createServer({ allowHalfOpen, noDelay: true }, (socket) => this.#accept(socket))
  }

  get openConnections(): number {
    return this.#conversations.size
  }

  get activeRequests(): number {
    return this.#front.activeRequests
  }

  listen(): Promise<Listening> {
    const { host, port, reusePort = false } = this.#options
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host, port, reusePort }, () => {
        this.#server.off('error', reject)
        // Of a single accept, such as one without a file descriptor left; the next may succeed.
        this.#server.on('error', () => {})
        this.#http1.open()
        this.#endLooks = this.#ports.clock.repeat(this.#lookEveryMs, () => this.#lookForIdle())
        const { port: bound } = this.#server.address() as AddressInfo
        resolve({ host, port: bound, url: urlOf(this.#tls === undefined ? 'http' : 'https', host, bound) })
      })
    })
  }

  renewCertificates(certificates: readonly TlsCertificate[]): void {
    if (this.#tls === undefined) throw new Error('a listener without TLS has no certificates to renew')
    this.#tls.renew(certificates)
  }

  async drain(timeoutMs: number): Promise<void> {
    const { clock } = this.#ports
    this.#front.isDraining = true
    await this.#acceptBacklog()
    this.#server.close()
    for (const conversation of this.#conversations.values()) if (conversation.isUsed) conversation.retire()
    if (this.#conversations.size > 0) {
      const allGone = new Promise<void>((resolve) => {
        this.#lastGone = resolve
      })
      const alarms = [
        clock.alarm(Math.min(firstWordMs, timeoutMs), () => {
          for (const conversation of this.#conversations.values()) conversation.retire()
        }),
        clock.alarm(timeoutMs, () => {
          for (const conversation of this.#conversations.values()) conversation.destroy()
        }),
      ]
      await allGone
      for (const cancel of alarms) cancel()
    }
    this.#endLooks()
    this.#http1.close()
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
    for (const conversation of this.#conversations.values()) conversation.look(patience)
  }

  #accept(transport: Socket): void {
    this.#accepted += 1
    const { connections } = this.#ports
    transport.on('error', () => {}) // 'close' follows, and says all there is to know
    transport.on('close', () => {
      this.#conversations.delete(transport)
      connections?.(this.#conversations.size)
      if (this.#conversations.size === 0) this.#lastGone()
    })
    const peer = this.#front.addresses.peer(transport.remoteAddress)
    const isProxied = this.#options.clientAddress.source === 'proxy-protocol'
    if (isProxied && peer.trusted) this.#meetProxy(transport, peer)
    else this.#meet(transport, peer)
    connections?.(this.#conversations.size)
  }

  #meetProxy(transport: Socket, proxy: Peer): void {
    const prelude = this.#prelude(transport, 'proxy-protocol')
    readProxyHeader(transport, {
      greeted: ({ source }) => {
        this.#meet(transport, source === undefined ? proxy : this.#front.addresses.peer(source), prelude)
      },
      failed: () => prelude.fail(),
    })
  }

  #meet(transport: Socket, peer: Peer, prelude?: Prelude): void {
    if (this.#tls !== undefined)
      this.#shakeHands(this.#tls, transport, peer, prelude ?? this.#prelude(transport, 'tls'))
    else {
      prelude?.finish()
      this.#conversations.set(transport, this.#http1.converse(transport, peer))
    }
  }

  #shakeHands(tls: TlsGate, transport: Socket, peer: Peer, prelude: Prelude): void {
    prelude.stage = 'tls'
    tls.greet(transport, {
      secured: (socket) => {
        prelude.finish()
        socket.on('error', () => {}) // as above
        const isHttp2 = socket.alpnProtocol === 'h2'
        this.#conversations.set(transport, (isHttp2 ? this.#http2 : this.#http1).converse(socket, peer))
      },
      failed: () => prelude.fail(),
    })
  }

  #prelude(transport: Socket, stage: 'proxy-protocol' | 'tls'): Prelude {
    const prelude = new Prelude(transport, stage, this.#ports, this.#options.requestTimeoutMs)
    this.#conversations.set(transport, prelude)
    return prelude
  }
}

function urlOf(scheme: string, host: string, port: number): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `${scheme}://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}
