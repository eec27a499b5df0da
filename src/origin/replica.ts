/** One of the places a bucket's objects can be had from, with the breaker that keeps requests away while it fails. */

import { type Admission, Breaker, type BreakerOptions } from '../base/breaker.ts'
import type { Clock } from '../base/clock.ts'
import { ProxyError } from '../base/errors.ts'
import { isForLackOfDescriptors } from './exchange-failure.ts'
import type { ObjectRef, Origin, OriginAnswer, OriginBody, OriginEvents, OriginQuery } from './origin.ts'
import { ReplicaProbe } from './replica-probe.ts'
import { isFailure } from './retrying.ts'

/** An origin by the name its bucket knows it by: empty where it is the only one. */
export interface NamedOrigin {
  readonly name: string
  readonly origin: Origin
}

export interface ReplicaPorts {
  readonly clock: Clock
  readonly events: Pick<OriginEvents, 'breakerChanged'>
  /** What probes ask for; undefined: nothing was asked for yet. */
  lastAsked(): ObjectRef | undefined
}

type ObjectAnswer = Extract<OriginAnswer, { kind: 'object' }>

export type Outcome =
  | { readonly kind: 'answered'; readonly answer: OriginAnswer }
  /** An answer as well, and another replica would give the same. */
  | { readonly kind: 'refused'; readonly error: ProxyError }
  /** An error of the 5xx that is not S3's: for the client, when no other replica does better. */
  | { readonly kind: 'failing'; readonly answer: ObjectAnswer }
  | { readonly kind: 'failed'; readonly error: ProxyError }

export class Replica {
  readonly name: string
  readonly #origin: Origin
  readonly #breaker: Breaker
  readonly #probe: ReplicaProbe
  readonly #lastAsked: ReplicaPorts['lastAsked']

  constructor({ name, origin }: NamedOrigin, bucketName: string, options: BreakerOptions, ports: ReplicaPorts) {
    this.name = name
    this.#origin = origin
    this.#lastAsked = ports.lastAsked
    this.#probe = new ReplicaProbe({
      clock: ports.clock,
      isAlive: (signal) => this.#isAlive(signal),
      revived: () => this.#breaker.revived(),
    })
    this.#breaker = new Breaker(options, ports.clock, (state) => {
      if (state === 'closed') this.#probe.stop()
      else this.#probe.start()
      ports.events.breakerChanged(bucketName, name, state)
    })
  }

  /** For so long no request is let through; 0: one may be. */
  get refusesForMs(): number {
    return Math.min(this.#breaker.refusesForMs, Math.max(0, this.#probe.dueInMs))
  }

  /** Undefined: not now. Whoever is admitted must `ask`. */
  admit(): Admission | undefined {
    return this.#breaker.admit()
  }

  /** Rejects only with the signal's reason, or with what is no word of the origin's at all. */
  async ask(ref: ObjectRef, query: OriginQuery, admission: Admission): Promise<Outcome> {
    try {
      const outcome = this.#read(await this.#origin.ask(ref, query))
      if (outcome.kind === 'failing') this.#breaker.failed(admission)
      else this.#breaker.succeeded(admission)
      return outcome
    } catch (error) {
      // Translated: how it failed is for the caller to go by.
      if (query.signal.aborted || !(error instanceof ProxyError)) {
        this.#breaker.withdrawn(admission)
        throw error
      }
      if (!isFailure(error)) {
        this.#breaker.succeeded(admission)
        return { kind: 'refused', error }
      }
      // Who could be asked over the connections that are open must not be left alone for it.
      if (isForLackOfDescriptors(error)) this.#breaker.withdrawn(admission)
      else this.#breaker.failed(admission)
      return { kind: 'failed', error }
    }
  }

  async close(): Promise<void> {
    this.#probe.close()
    await this.#origin.close()
  }

  #read(answer: OriginAnswer): Outcome {
    if (answer.kind !== 'object') return { kind: 'answered', answer }
    return { kind: answer.head.status >= 500 ? 'failing' : 'answered', answer: this.#sentHere(answer) }
  }

  #sentHere(answer: ObjectAnswer): ObjectAnswer {
    const body = watchedBody(answer.body, (error) => this.#brokeOff(error))
    return { ...answer, body, ...(this.name !== '' && { replica: this.name }) }
  }

  /** A failure too, of an exchange that has been told as a success. */
  #brokeOff(error: unknown): void {
    if (this.#breaker.state !== 'closed' || !isFailure(error)) return
    const admission = this.#breaker.admit()
    if (admission !== undefined) this.#breaker.failed(admission)
  }

  /** Any answer but a failure: what is missing or denied was still looked for. */
  async #isAlive(signal: AbortSignal): Promise<boolean> {
    const ref = this.#lastAsked()
    if (ref === undefined) return false
    try {
      const answer = await this.#origin.ask(ref, { method: 'HEAD', signal })
      if (answer.kind !== 'object') return true
      answer.body.cancel()
      return answer.head.status < 500
    } catch (error) {
      return error instanceof ProxyError && !isFailure(error) // translates: a refusal is an answer too
    }
  }
}

function watchedBody(body: OriginBody, broke: (error: unknown) => void): OriginBody {
  return {
    cancel: () => body.cancel(),
    takeWhole: (length) => body.takeWhole?.(length),
    [Symbol.asyncIterator]() {
      const chunks = body[Symbol.asyncIterator]()
      return {
        async next() {
          try {
            return await chunks.next()
          } catch (error) {
            broke(error)
            throw error
          }
        },
        async return() {
          await chunks.return?.()
          return { done: true, value: undefined }
        },
      }
    },
  }
}
