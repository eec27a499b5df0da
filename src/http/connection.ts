/** One client connection of HTTP/1.1: what is under way on it, and how it ends without wiping out the last answer. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Clock } from '../base/clock.ts'
import type { ProxyError } from '../base/errors.ts'
import type { Random } from '../base/random.ts'
import type { Peer } from './client-address.ts'
import type { Conversation } from './conversation.ts'
import type { BodyLine } from './parse-request.ts'
import { type Refusal, rawAnswer } from './refusal.ts'

/**
 * A client that is still sending when its connection is destroyed gets a reset, and loses an answer it has not read yet.
 * So what it sends is taken and dropped, for so long at most.
 */
export const lingerMs = 2000

export class Connection implements Conversation, BodyLine {
  readonly peer: Peer
  readonly #socket: Socket
  readonly #ports: { readonly clock: Clock; readonly random: Random }
  /** Requests whose answer is not finished: more than one when they are pipelined. */
  #active = 0
  /** Pipelined requests that wait for the answer before theirs. */
  readonly #waiting: (() => void)[] = []
  /** Looks in a row that found it idle. */
  #idleLooks = 0
  #newest: ServerResponse | undefined
  #isClosing = false
  /** To be said once the answers under way are out. */
  #refusal: Refusal | undefined
  /** Whoever reads the body under way hears that it is none. False: it was over already. */
  #bodyBroke: ((refusal: Refusal) => boolean) | undefined

  constructor(socket: Socket, peer: Peer, ports: { readonly clock: Clock; readonly random: Random }) {
    this.peer = peer
    this.#socket = socket
    this.#ports = ports
  }

  get isUsed(): boolean {
    return this.#newest !== undefined
  }

  /** Its last answer is on the way, or out: what else the client sends is not for us. */
  get isClosing(): boolean {
    return this.#isClosing
  }

  begin(res: ServerResponse): void {
    this.#newest = res
    this.#active += 1
    this.#idleLooks = 0
  }

  /** Runs it once the answers before it are out: one client that pipelines holds no more than one that waits. */
  inTurn(run: () => void): void {
    if (this.#active === 1) run()
    else this.#waiting.push(run)
  }

  /** `isLast`: the listener wants no further request. */
  finish(isLast: boolean): void {
    this.#active -= 1
    this.#waiting.shift()?.()
    if (this.#active > 0 || this.#isClosing) return
    if (this.#refusal !== undefined) this.#sayRefusal(this.#refusal)
    else if (isLast) this.#socket.destroySoon()
  }

  /** The answer about to be sent is the last one, unless a pipelined request stands behind it. */
  closeIfNewest(res: ServerResponse): void {
    if (this.#newest === res) this.close(res)
  }

  /** The answer about to be sent is the last one. */
  close(res: ServerResponse): void {
    this.#isClosing = true
    res.shouldKeepAlive = false
  }

  /** Like `close`, for a request that may have more to say. */
  closeLingering(res: ServerResponse): void {
    this.close(res)
    // What node calls once the answer is with the kernel.
    this.#socket.destroySoon = () => {
      this.#socket.end()
      this.#linger()
    }
  }

  watchBody(message: IncomingMessage, told: (error: ProxyError) => void): () => void {
    this.#bodyBroke = ({ error }) => {
      if (message.complete) return false
      told(error)
      return true
    }
    return () => {
      this.#bodyBroke = undefined
    }
  }

  /** What arrived is no request. False when that was known, or does not matter any more. */
  refuse(refusal: Refusal): boolean {
    // Broken, or closed by the client after its last word: there is no one to tell.
    if (!this.#socket.writable || (this.#socket.readableEnded && this.#active > 0)) {
      this.#socket.destroySoon()
      return false
    }
    if (this.#bodyBroke?.(refusal) === true) return true
    if (this.#isClosing || this.#refusal !== undefined) return false
    this.#refusal = refusal
    if (this.#active === 0) this.#sayRefusal(refusal)
    return true
  }

  look(patience: number): void {
    if (this.#active > 0 || !this.isUsed || this.#isClosing) return
    this.#idleLooks += 1
    if (this.#idleLooks > patience) this.#socket.destroySoon()
  }

  retire(): void {
    if (this.#active === 0 && !this.#isClosing) this.#socket.destroySoon()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #sayRefusal(refusal: Refusal): void {
    const { clock, random } = this.#ports
    this.#isClosing = true
    this.#socket.resume() // of a tunnel that was asked for, nobody reads
    this.#socket.end(rawAnswer(refusal, random.requestId(), clock.now()))
    this.#linger()
  }

  #linger(): void {
    const cancel = this.#ports.clock.alarm(lingerMs, () => this.#socket.destroy())
    this.#socket.once('close', cancel)
  }
}
