/** The thread in the middle: what several threads want of the origin is told here, and one of them asks. */

import type { Caller } from './caller.ts'
import { Claims, type ClaimsPorts } from './claims.ts'
import type { PeerCalls, PeerHubCalls } from './peer-calls.ts'
import { Runners } from './runners.ts'

export class PeerHub {
  readonly #threads = new Map<number, Caller<PeerCalls>>()
  readonly #claims: Claims
  readonly #runners: Runners

  constructor(ports: ClaimsPorts) {
    this.#claims = new Claims(ports)
    this.#runners = new Runners(this.#threads, ports.clock)
  }

  /** What is done for this thread. */
  callsOf(thread: number): PeerHubCalls {
    return {
      claimHead: (question) => this.#claims.claim(thread, question),
      giveBackHead: ({ number, outcome }) => this.#claims.giveBack(thread, number, outcome),
      askSlice: (question) => this.#runners.slice(thread, question),
      readerLeft: (reader) => this.#runners.readerLeft(thread, reader),
      runBegan: (run) => this.#runners.began(thread, run),
      runsEnded: (version) => this.#runners.ended(thread, version),
    }
  }

  /** From now on it may be asked for slices. */
  join(thread: number, link: Caller<PeerCalls>): void {
    this.#threads.set(thread, link)
  }

  /** It has ended: its claims are given back, and what it read from others is let go. Its link has been closed. */
  leave(thread: number): void {
    this.#threads.delete(thread)
    this.#claims.leave(thread)
    this.#runners.leave(thread)
  }

  /** What is claimed, waited for and run, for whoever looks whether all of it has come to an end. */
  get size(): number {
    return this.#claims.size + this.#runners.size
  }
}
