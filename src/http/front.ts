/** What HTTP/1.1 and HTTP/2 share of one listener. */

import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { Trace } from '../base/trace.ts'
import { type ClientAddresses, type ClientAddressOptions, createClientAddresses, type Peer } from './client-address.ts'
import type { Handler, ProxyRequest, ProxyResponse, Sent } from './messages.ts'
import type { RejectReason } from './refusal.ts'
import type { BodyPorts } from './request-body.ts'
import type { SendPorts } from './send-response.ts'

export interface FrontOptions {
  readonly keepAliveTimeoutMs: number
  /**
   * For a request head to arrive (408), for a body that somebody reads as well, for all that comes before one (a PROXY header,
   * a TLS handshake), and for a client to take at least a byte of what waits for it (cut).
   */
  readonly requestTimeoutMs: number
  /** Of target, names and values together; a longer head is a 431. */
  readonly maxHeaderBytes: number
  readonly maxUriLength: number
  /** A longer body, or one of unknown length, is told to the handler as `hasBody`; in HTTP/1.1 its connection closes after the answer. */
  readonly maxRequestBodyBytes: number
  readonly clientAddress: ClientAddressOptions
}

export interface FrontPorts {
  readonly clock: Clock
  readonly random: Random
  /** Where it rejects, the client gets the error's response. */
  readonly handle: Handler
  /** Once per handled request: its last byte is out, or its client gone. */
  done(request: ProxyRequest, response: ProxyResponse, trace: Trace, sent: Sent, durationMs: number): void
  /** What arrived never became a request. */
  rejected(reason: RejectReason): void
}

export class Front {
  readonly options: FrontOptions
  readonly ports: FrontPorts
  readonly sending: SendPorts
  readonly bodies: BodyPorts
  readonly addresses: ClientAddresses
  /** The name of the field that tells whose request it is, where one does. */
  readonly addressField: string | undefined
  /** Requests whose last byte is not sent yet. */
  activeRequests = 0
  isDraining = false

  constructor(options: FrontOptions, ports: FrontPorts) {
    this.options = options
    this.ports = ports
    this.sending = { clock: ports.clock, stallLimitMs: options.requestTimeoutMs }
    this.bodies = { clock: ports.clock, requestTimeoutMs: options.requestTimeoutMs }
    this.addresses = createClientAddresses(options.clientAddress)
    const { source } = options.clientAddress
    this.addressField = source === 'proxy-protocol' ? undefined : source
  }

  /** `value`: gives that of a field (lower-case name). */
  clientAddress(peer: Peer, value: (name: string) => string | undefined): string {
    if (!peer.trusted || this.addressField === undefined) return peer.address
    return this.addresses.client(peer, value(this.addressField))
  }
}
