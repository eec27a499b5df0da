/** A connection before HTTP is spoken on it. What comes first has to be over within the time that a request head may take. */

import type { Socket } from 'node:net'
import type { Clock } from '../base/clock.ts'
import type { Conversation } from './conversation.ts'
import type { RejectReason } from './refusal.ts'

export interface PreludePorts {
  readonly clock: Clock
  rejected(reason: RejectReason): void
}

export class Prelude implements Conversation {
  readonly isUsed = false
  /** What it is counted as when it goes no further. */
  stage: 'proxy-protocol' | 'tls'
  readonly #transport: Socket
  readonly #ports: PreludePorts
  readonly #endWait: () => void
  #isOver = false

  constructor(transport: Socket, stage: 'proxy-protocol' | 'tls', ports: PreludePorts, limitMs: number) {
    this.#transport = transport
    this.stage = stage
    this.#ports = ports
    this.#endWait = ports.clock.alarm(limitMs, () => this.#refuse())
    transport.once('close', this.#endWait)
  }

  /** HTTP can be spoken now, or never will. */
  finish(): void {
    this.#isOver = true
    this.#endWait()
  }

  fail(): void {
    // Who comes and goes without a word is no rejected client; load balancers look for life that way.
    if (this.#transport.bytesRead > 0) this.#refuse()
    else this.destroy()
  }

  look(): void {}

  retire(): void {
    this.destroy()
  }

  destroy(): void {
    this.finish()
    this.#transport.destroy()
  }

  #refuse(): void {
    if (this.#isOver) return
    this.#ports.rejected(this.stage)
    this.destroy()
  }
}
