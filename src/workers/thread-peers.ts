/** The other threads, as one of them reaches them: by way of the hub, or directly where it is the hub itself. */

import type { Clock } from '../base/clock.ts'
import type { Claimed, HeadQuestion, Outcome, PeerReader, Peers } from '../objects/peers.ts'
import type { RunTable } from '../objects/run-table.ts'
import type { Caller } from './caller.ts'
import { ForeignReaders } from './foreign-readers.ts'
import type { PeerCalls, PeerHubCalls, SliceReply } from './peer-calls.ts'

/** A slice that takes longer is asked for here: whoever runs it may hang. */
const patienceMs = 10_000

export class ThreadPeers implements Peers {
  readonly #hub: Caller<PeerHubCalls>
  readonly #clock: Clock
  /** How many runs there are of each version. */
  readonly #runs = new Map<string, number>()
  /** Of versions that others have been told are run here, though no run stands yet. */
  readonly #promises = new Map<string, Set<Promise<void>>>()
  #lastNumber = 0

  constructor(hub: Caller<PeerHubCalls>, clock: Clock) {
    this.#hub = hub
    this.#clock = clock
  }

  /** What this thread does for the others, whose `runs` are told of here. */
  callsTo(runs: RunTable): PeerCalls {
    const promised = async (version: string) => {
      await Promise.all(this.#promises.get(version) ?? [])
    }
    return new ForeignReaders({ runs, clock: this.#clock, promised }).calls
  }

  async claim(question: HeadQuestion, waitMs: number, signal: AbortSignal): Promise<Claimed> {
    const number = ++this.#lastNumber
    const giveBack = (outcome: Outcome) => this.#hub.tell('giveBackHead', { number, outcome })
    const reply = await this.#within(waitMs, signal, this.#hub.call('claimHead', { ...question, number }))
    if (reply !== undefined && reply.kind !== 'mine') return reply
    if (reply === undefined) giveBack({ kind: 'look' })
    return { kind: 'mine', giveBack: reply === undefined ? () => {} : giveBack }
  }

  reader(version: string): PeerReader {
    const reader = ++this.#lastNumber
    let isKnown = false
    return {
      slice: async (index, last, signal) => {
        const wasKnown = isKnown
        isKnown = true
        const asked = this.#hub.call('askSlice', { reader, version, index, last })
        const reply = await this.#within(patienceMs, signal, asked)
        if (reply === undefined || signal.aborted) this.#takeBack(asked, version)
        signal.throwIfAborted()
        if (reply?.kind === 'bytes') return reply
        if (reply?.wasRunning === false) isKnown = wasKnown
        return { ...(reply ?? { kind: 'none', last, wasRunning: false }), settle: this.#promise(version) }
      },
      release: () => {
        if (isKnown) this.#hub.tell('readerLeft', reader)
        isKnown = false
      },
    }
  }

  runBegan(version: string, first: number): void {
    this.#runs.set(version, (this.#runs.get(version) ?? 0) + 1)
    this.#hub.tell('runBegan', { version, first })
  }

  runEnded(version: string): void {
    const left = (this.#runs.get(version) ?? 0) - 1
    if (left > 0) this.#runs.set(version, left)
    else this.#runs.delete(version)
    this.#tellIfNone(version)
  }

  #promise(version: string): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    const promises = this.#promises.get(version) ?? new Set()
    this.#promises.set(version, promises.add(promise))
    return () => {
      promises.delete(promise)
      if (promises.size === 0) this.#promises.delete(version)
      resolve()
      this.#tellIfNone(version)
    }
  }

  #tellIfNone(version: string): void {
    if (!this.#runs.has(version) && !this.#promises.has(version)) this.#hub.tell('runsEnded', version)
  }

  /** No run will come of this reply. */
  #takeBack(asked: Promise<SliceReply>, version: string): void {
    asked.then(
      () => this.#tellIfNone(version),
      () => {}, // the hub is gone, and with it what it believed
    )
  }

  /** Undefined when it took longer, the signal fired, or nobody is there to reply. */
  async #within<V>(ms: number, signal: AbortSignal, reply: Promise<V>): Promise<V | undefined> {
    const over = Promise.withResolvers<undefined>()
    const end = () => over.resolve(undefined)
    const callOff = this.#clock.alarm(ms, end)
    signal.addEventListener('abort', end, { once: true })
    if (signal.aborted) end()
    try {
      return await Promise.race([reply, over.promise])
    } catch {
      return undefined // the link is closed: this thread goes on alone
    } finally {
      callOff()
      signal.removeEventListener('abort', end)
    }
  }
}
