/** One client connection of HTTP/2: its requests, and how it ends. */

import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { Clock } from '../base/clock.ts'
import type { Peer } from './client-address.ts'
import { lingerMs } from './connection.ts'
import type { Conversation } from './conversation.ts'

export class Http2Connection implements Conversation {
  readonly peer: Peer
  readonly #session: ServerHttp2Session
  readonly #socket: Socket
  readonly #clock: Clock
  #active = 0
  #isUsed = false
  /** Looks in a row that found it idle. */
  #idleLooks = 0
  /** Streams that the client gave up. */
  #resets = 0

  constructor(session: ServerHttp2Session, socket: Socket, peer: Peer, clock: Clock) {
    this.peer = peer
    this.#session = session
    this.#socket = socket
    this.#clock = clock
  }

  get isUsed(): boolean {
    return this.#isUsed
  }

  get resets(): number {
    return this.#resets
  }

  begin(stream: ServerHttp2Stream): void {
    this.#isUsed = true
    this.#active += 1
    this.#idleLooks = 0
    stream.once('aborted', () => {
      this.#resets += 1
    })
  }

  /** `isLast`: the listener wants no further request. */
  finish(isLast: boolean): void {
    this.#active -= 1
    if (this.#active > 0) return
    if (this.#session.closed) this.#linger()
    else if (isLast) this.retire()
  }

  look(patience: number): void {
    if (this.#active > 0 || !this.#isUsed || this.#session.closed) return
    this.#idleLooks += 1
    if (this.#idleLooks > patience) this.retire()
  }

  /**
   * Says which requests were heard, so that a client asks elsewhere for those that were not (RFC 9113 §6.8). nghttp2 takes
   * none after the first GOAWAY; one that announces the end beforehand would promise what is not kept.
   */
  retire(): void {
    if (this.#session.closed) return
    this.#session.close()
    if (this.#active === 0) this.#linger()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** All is said: the client has so long to close. node would wait for that without end. */
  #linger(): void {
    if (this.#socket.destroyed) return
    const cancel = this.#clock.alarm(lingerMs, () => this.#socket.destroy())
    this.#socket.once('close', cancel)
  }
}
