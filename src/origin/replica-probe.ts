/** Tries in the background whether a replica that is left alone works again, so that its return needs no request to fail. */

import type { Clock } from '../base/clock.ts'
import { Abandoned } from '../base/errors.ts'

/** Twice within the ten seconds after which a replica that is back should have its requests back. */
const everyMs = 5000

export interface ProbePorts {
  readonly clock: Clock
  /** One attempt. Must not reject. */
  isAlive(signal: AbortSignal): Promise<boolean>
  revived(): void
}

/** A probe that is still without an answer when the next is due says nothing: that one takes its place. */
export class ReplicaProbe {
  readonly #ports: ProbePorts
  #callOff: (() => void) | undefined
  #dueAtMs = Number.POSITIVE_INFINITY
  #underWay = new AbortController()
  #isClosed = false

  constructor(ports: ProbePorts) {
    this.#ports = ports
  }

  /** How long until the next one; for ever while it does not probe. */
  get dueInMs(): number {
    return this.#dueAtMs - this.#ports.clock.monotonicMs()
  }

  /** From now on every five seconds. Has no effect when it probes already, or is closed. */
  start(): void {
    if (this.#isClosed || this.#callOff !== undefined) return
    const { clock } = this.#ports
    this.#dueAtMs = clock.monotonicMs() + everyMs
    this.#callOff = clock.repeat(everyMs, () => {
      this.#dueAtMs = clock.monotonicMs() + everyMs
      void this.#probe()
    })
  }

  stop(): void {
    this.#callOff?.()
    this.#callOff = undefined
    this.#dueAtMs = Number.POSITIVE_INFINITY
    this.#underWay.abort(new Abandoned('nobody waits for the probe'))
  }

  /** For good. */
  close(): void {
    this.#isClosed = true
    this.stop()
  }

  async #probe(): Promise<void> {
    this.#underWay.abort(new Abandoned('the next probe is due'))
    this.#underWay = new AbortController()
    const { signal } = this.#underWay
    if ((await this.#ports.isAlive(signal)) && !signal.aborted) this.#ports.revived()
  }
}
