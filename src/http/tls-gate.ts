/** TLS handshakes on connections that somebody else accepts, with certificates that can be changed meanwhile. */

import type { Socket } from 'node:net'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import { CertificateTable, type TlsCertificate, type TlsOptions } from './certificates.ts'
import { transportOf } from './transport.ts'

/** One of them comes, unless the connection is destroyed before. */
export interface HandshakeEvents {
  secured(socket: TLSSocket): void
  failed(): void
}

export class TlsGate {
  readonly #minVersion: TlsOptions['minVersion']
  readonly #server: Server
  #table: CertificateTable
  readonly #waiting = new WeakMap<Socket, HandshakeEvents>()

  /** Throws when a certificate is none. */
  constructor(options: TlsOptions) {
    this.#minVersion = options.minVersion
    this.#table = new CertificateTable(options)
    this.#server = createServer({
      ...this.#table.first,
      ALPNProtocols: ['h2', 'http/1.1'],
      SNICallback: (name, choose) => choose(null, this.#table.contextFor(name)),
    })
    this.#server.on('secureConnection', (socket) => this.#waiting.get(transportOf(socket))?.secured(socket))
    this.#server.on('tlsClientError', (_error, socket) => this.#waiting.get(transportOf(socket))?.failed())
  }

  /** For handshakes that begin from now on. Throws, with nothing changed, when one of them is none. */
  renew(certificates: readonly TlsCertificate[]): void {
    const table = new CertificateTable({ minVersion: this.#minVersion, certificates })
    this.#server.setSecureContext(table.first)
    this.#table = table
  }

  /** The connection belongs to TLS from now on. */
  greet(transport: Socket, events: HandshakeEvents): void {
    this.#waiting.set(transport, events)
    this.#server.emit('connection', transport)
  }
}
