/** One question on its way through the replicas of a bucket, until one has answered it or there is no use in asking on. */

import type { Clock } from '../base/clock.ts'
import { ProxyError } from '../base/errors.ts'
import type { Random } from '../base/random.ts'
import type { ObjectRef, OriginAnswer, OriginEvents, OriginQuery } from './origin.ts'
import type { Outcome, Replica } from './replica.ts'
import type { RetryBudget } from './retry-budget.ts'
import { backoffMs, type RetryOptions } from './retrying.ts'

export interface InquiryPorts {
  readonly clock: Clock
  readonly random: Random
  readonly events: OriginEvents
  /** Of all questions about this bucket together. */
  readonly budget: RetryBudget
}

/** A replica that failed to answer, and how. */
type Failed = Extract<Outcome, { kind: 'failed' }> & { readonly replica: Replica }

/**
 * Each replica that is let through to is asked once, the best first, without waiting: whichever works answers. From then on
 * those that failed are asked again in turn, each time after a wait and within the budget, up to `maxAttempts` in all. Only
 * until there is an answer: a body that breaks off is for its reader to resume.
 */
export class Inquiry {
  readonly #ref: ObjectRef
  readonly #query: OriginQuery
  readonly #retry: RetryOptions
  readonly #ports: InquiryPorts
  /** Whose turn it is to be asked again. */
  readonly #failed: Failed[] = []
  #first: Replica | undefined
  #attempts = 0

  constructor(ref: ObjectRef, query: OriginQuery, retry: RetryOptions, ports: InquiryPorts) {
    this.#ref = ref
    this.#query = query
    this.#retry = retry
    this.#ports = ports
  }

  async answer(replicas: readonly Replica[]): Promise<OriginAnswer> {
    const { avoid } = this.#query
    const candidates = avoid === undefined ? replicas : replicas.filter(({ name }) => name !== avoid)
    const outcome = (await this.#askEach(candidates)) ?? (await this.#askAgain())
    if (outcome === undefined) throw nobodyAsked(candidates)
    if (outcome.kind === 'refused' || outcome.kind === 'failed') throw outcome.error
    return outcome.answer
  }

  /** Undefined: all that were asked failed. */
  async #askEach(replicas: readonly Replica[]): Promise<Outcome | undefined> {
    let failing: Extract<Outcome, { kind: 'failing' }> | undefined
    try {
      for (const replica of replicas) {
        const asked = this.#ask(replica)
        if (asked === undefined) continue
        const outcome = this.#hear(replica, await asked)
        if (outcome.kind === 'answered' || outcome.kind === 'refused') return outcome
        if (outcome.kind === 'failing') {
          failing?.answer.body.cancel()
          failing = outcome
        }
        // Nobody knows what asking twice would do.
        if (this.#query.method === 'OPTIONS') break
      }
      const best = failing
      failing = undefined
      return best
    } finally {
      failing?.answer.body.cancel()
    }
  }

  /** The last outcome; undefined when nobody has been asked. */
  async #askAgain(): Promise<Outcome | undefined> {
    const { budget, events, random } = this.#ports
    let last: Outcome | undefined = this.#failed.at(-1)
    for (let retry = 1; last?.kind === 'failed' && this.#mayRetry; ) {
      const turn = this.#failed.shift()
      if (turn === undefined) break
      const waitMs = backoffMs(turn.error, retry, this.#retry, random)
      if (waitMs === undefined || turn.replica.refusesForMs > waitMs) continue
      if (!budget.take()) {
        events.retried(this.#ref.bucket, 'denied')
        break
      }
      await this.#wait(waitMs)
      const asked = this.#ask(turn.replica)
      if (asked === undefined) continue // its breaker has opened meanwhile
      const outcome = this.#hear(turn.replica, await asked)
      events.retried(this.#ref.bucket, outcome.kind === 'failed' || outcome.kind === 'failing' ? 'failure' : 'success')
      last = outcome
      retry++
    }
    return last
  }

  get #mayRetry(): boolean {
    return this.#query.method !== 'OPTIONS' && this.#attempts < this.#retry.maxAttempts
  }

  /** Undefined: its breaker does not let anybody through. */
  #ask(replica: Replica): Promise<Outcome> | undefined {
    const admission = replica.admit()
    if (admission === undefined) return undefined
    this.#attempts++
    this.#first ??= replica
    const { timeline } = this.#query
    const query = timeline === undefined ? this.#query : { ...this.#query, attempt: this.#attempts }
    return replica.ask(this.#ref, query, admission)
  }

  #hear(replica: Replica, outcome: Outcome): Outcome {
    if (outcome.kind === 'failed') this.#failed.push({ ...outcome, replica })
    else if (outcome.kind !== 'failing' && this.#isElsewhere(replica)) this.#ports.events.failedOver(this.#ref.bucket)
    return outcome
  }

  /** Another replica than the one this began with. */
  #isElsewhere(replica: Replica): boolean {
    return replica !== this.#first || this.#query.avoid !== undefined
  }

  async #wait(ms: number): Promise<void> {
    const step = this.#query.timeline?.begin('backoff')
    try {
      await this.#ports.clock.sleep(ms, this.#query.signal)
    } finally {
      step?.end()
      this.#query.signal.throwIfAborted()
    }
  }
}

function nobodyAsked(candidates: readonly Replica[]): ProxyError {
  if (candidates.length === 0) return new ProxyError('OriginUnreachable', 'there is no other replica to ask')
  const waitMs = Math.min(...candidates.map((replica) => replica.refusesForMs))
  return new ProxyError('CircuitOpen', 'all replicas failed before, and none is tried yet', {
    retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)),
  })
}
