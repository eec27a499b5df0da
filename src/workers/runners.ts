/** Which threads run which version of which object: where to ask for a slice before the origin is asked. */

import type { Clock } from '../base/clock.ts'
import type { Caller } from './caller.ts'
import { JustEnded } from './just-ended.ts'
import type { PeerCalls, SliceQuestion, SliceReply } from './peer-calls.ts'

export class Runners {
  readonly #threads: ReadonlyMap<number, Caller<PeerCalls>>
  readonly #running = new Map<string, Set<number>>()
  readonly #justEnded: JustEnded

  /** `threads`: those that there are, by number. */
  constructor(threads: ReadonlyMap<number, Caller<PeerCalls>>, clock: Clock) {
    this.#threads = threads
    this.#justEnded = new JustEnded(clock)
  }

  /** How many versions are run. */
  get size(): number {
    return this.#running.size
  }

  /**
   * Asks those that run the version, one after the other. When none of them comes to the slice soon, the thread that asks is
   * one of them before anybody else is heard: who asks next is sent to it.
   */
  async slice(thread: number, question: SliceQuestion): Promise<SliceReply> {
    const asked = new Set([thread])
    const link = this.#threads.get(thread)
    let { last } = question
    for (;;) {
      const next = [...(this.#running.get(question.version) ?? [])].find((runner) => !asked.has(runner))
      if (next === undefined) break
      asked.add(next)
      const reply = await this.#ask(next, thread, question)
      if (reply?.kind === 'bytes') return reply
      last = Math.min(last, reply?.last ?? last)
    }
    // Another one may have its number by now, and will run nothing of it.
    if (this.#threads.get(thread) === link) this.#add(question.version, thread)
    return { kind: 'none', last, wasRunning: asked.size > 1 || this.#justEnded.has(question.version) }
  }

  began(thread: number, run: { readonly version: string; readonly first: number }): void {
    for (const runner of this.#add(run.version, thread)) {
      if (runner !== thread) this.#threads.get(runner)?.tell('foreignRunBegan', run)
    }
  }

  ended(thread: number, version: string): void {
    const running = this.#running.get(version)
    if (running?.delete(thread)) this.#justEnded.add(version)
    if (running?.size === 0) this.#running.delete(version)
  }

  readerLeft(thread: number, reader: number): void {
    for (const [other, link] of this.#threads) if (other !== thread) link.tell('foreignReaderLeft', { thread, reader })
  }

  /** The thread has ended; it is none of those any more that there are. */
  leave(thread: number): void {
    for (const version of [...this.#running.keys()]) this.ended(thread, version)
    for (const link of this.#threads.values()) link.tell('foreignThreadLeft', thread)
  }

  #add(version: string, thread: number): ReadonlySet<number> {
    const running = this.#running.get(version) ?? new Set()
    this.#running.set(version, running.add(thread))
    return running
  }

  async #ask(runner: number, thread: number, question: SliceQuestion): Promise<SliceReply | undefined> {
    try {
      return await this.#threads.get(runner)?.call('lendSlice', { ...question, thread })
    } catch {
      return undefined // a thread that has ended has no slice, and neither has one that fails to say
    }
  }
}
