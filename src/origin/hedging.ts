/** Asking a second time when an answer is slow to come, and taking whichever comes first. */

import type { Clock } from '../base/clock.ts'
import { LatencyQuantile } from './latency-quantile.ts'
import type { ObjectRef, Origin, OriginAnswer, OriginEvents, OriginQuery } from './origin.ts'
import { RetryBudget } from './retry-budget.ts'

export interface HedgeOptions {
  /** Second asks, as a part of the requests of the last ten seconds. */
  readonly budget: number
}

export interface HedgePorts {
  readonly clock: Clock
  readonly events: Pick<OriginEvents, 'retried'>
}

/** Slow is what takes longer than so many of the answers before it. */
const usualShare = 0.95
/** Less than this is no wait worth a second request. */
const leastWaitMs = 5
/** One hedge in ten seconds beyond the budget, which for a quiet bucket comes to none. */
const reserve = 1

/** GET and HEAD alone: they may be asked twice. */
export function withHedge(origin: Origin, { budget }: HedgeOptions, { clock, events }: HedgePorts): Origin {
  const waits = new LatencyQuantile(usualShare)
  const hedges = new RetryBudget({ share: budget, reserve }, clock)

  function mayHedge(ref: ObjectRef): boolean {
    if (!hedges.take()) return false
    events.retried(ref.bucket, 'hedged')
    return true
  }

  async function ask(ref: ObjectRef, query: OriginQuery): Promise<OriginAnswer> {
    hedges.asked()
    const askedAtMs = clock.monotonicMs()
    const usualMs = waits.valueMs
    const answer = await (usualMs === undefined
      ? origin.ask(ref, query)
      : new Race(origin, ref, query).run(clock, Math.max(usualMs, leastWaitMs), () => mayHedge(ref)))
    // Where the second ask won, the first took longer than this: without it, what is slow would be left out of what is usual.
    waits.add(clock.monotonicMs() - askedAtMs)
    return answer
  }

  return {
    name: origin.name,
    fingerprint: origin.fingerprint,
    get waiting() {
      return origin.waiting
    },
    ask: (ref, query) => (query.method === 'OPTIONS' ? origin.ask(ref, query) : ask(ref, query)),
    close: () => origin.close(),
  }
}

/** One question asked once or twice. The first answer ends the other ask; an error counts when no ask is left to wait for. */
class Race {
  readonly #origin: Origin
  readonly #ref: ObjectRef
  readonly #query: OriginQuery
  readonly #outcome = Promise.withResolvers<OriginAnswer>()
  /** What ends each ask that is under way. */
  readonly #underWay = new Set<AbortController>()
  #firstFailure: { readonly error: unknown } | undefined
  #isWon = false

  constructor(origin: Origin, ref: ObjectRef, query: OriginQuery) {
    this.#origin = origin
    this.#ref = ref
    this.#query = query
  }

  async run(clock: Clock, afterMs: number, mayHedge: () => boolean): Promise<OriginAnswer> {
    const callOff = clock.alarm(afterMs, () => {
      if (!this.#query.signal.aborted && mayHedge()) void this.#ask()
    })
    void this.#ask()
    try {
      return await this.#outcome.promise
    } finally {
      callOff()
    }
  }

  /** Never rejects. */
  async #ask(): Promise<void> {
    const ending = new AbortController()
    this.#underWay.add(ending)
    try {
      const signal = AbortSignal.any([this.#query.signal, ending.signal])
      const answer = await this.#origin.ask(this.#ref, { ...this.#query, signal })
      this.#underWay.delete(ending)
      this.#answered(answer)
    } catch (error) {
      // Translated: it is the outcome, unless the other ask has a better one.
      this.#underWay.delete(ending)
      this.#firstFailure ??= { error }
      if (this.#underWay.size === 0) this.#outcome.reject(this.#firstFailure.error)
    }
  }

  #answered(answer: OriginAnswer): void {
    if (this.#isWon) {
      if (answer.kind === 'object') answer.body.cancel()
      return
    }
    this.#isWon = true
    for (const loser of this.#underWay) loser.abort(new Error('another ask was answered first'))
    this.#outcome.resolve(answer)
  }
}
