/** A thread that serves requests, and the configuration that it has: it takes one after the other. */

import type { Worker } from 'node:worker_threads'
import type { Numbered } from '../workers/life-calls.ts'
import { type Link, LinkClosed } from '../workers/link.ts'
import type { WorkerCalls } from './worker-app.ts'

export interface MemberParts {
  readonly worker: Pick<Worker, 'terminate'>
  readonly link: Link<WorkerCalls>
  readonly startedMs: number
  /** The configuration that it begins with. */
  readonly has: number
}

export class CrewMember {
  readonly worker: Pick<Worker, 'terminate'>
  readonly link: Link<WorkerCalls>
  readonly startedMs: number
  /** It can take up configurations, though nobody may reach it yet. */
  isOpen = false
  /** It listens. */
  isServing = false
  /** Questions how it is that it has not answered. */
  unanswered = 0
  #has: number
  #prepared: number | undefined
  #turn: Promise<unknown> = Promise.resolve()

  constructor({ worker, link, startedMs, has }: MemberParts) {
    this.worker = worker
    this.link = link
    this.startedMs = startedMs
    this.#has = has
  }

  /** Rejects when it cannot make `next`. A thread that ends has nothing against it. */
  prepare(next: Numbered): Promise<void> {
    return this.#inTurn(() => this.#prepare(next))
  }

  /** Uses `current`, prepared or not. Rejects when it cannot. */
  takeUp(current: Numbered): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#has === current.number) return
      if (this.#prepared !== current.number) await this.#prepare(current)
      await this.link.call('commit', undefined)
      this.#has = current.number
      this.#prepared = undefined
    })
  }

  /** What was prepared is not wanted after all. */
  discard(): void {
    // Never rejects.
    void this.#inTurn(async () => {
      if (this.#prepared !== undefined) this.link.tell('discard', undefined)
      this.#prepared = undefined
    })
  }

  async #prepare(next: Numbered): Promise<void> {
    await this.link.call('prepare', next)
    this.#prepared = next.number
  }

  #inTurn(step: () => Promise<void>): Promise<void> {
    const taken = this.#turn.then(step).catch((error: unknown) => {
      if (!(error instanceof LinkClosed)) throw error // who has its number next begins with what holds then
    })
    this.#turn = taken.catch(() => undefined) // told to whoever asked for it
    return taken
  }
}
