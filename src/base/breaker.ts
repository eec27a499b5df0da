/**
 * A circuit breaker: keeps callers away from something that fails, and lets a few try whether it works again.
 *
 * | state     | success                              | failure                                           | asked to admit                                  |
 * |-----------|--------------------------------------|---------------------------------------------------|-------------------------------------------------|
 * | closed    | the failures in a row start over     | threshold in a row, or rate, reached -> open      | yes                                             |
 * | open      | too late to count                    | too late to count                                 | no; once `openForMs` have passed -> half-open   |
 * | half-open | `successThreshold` of them -> closed | -> open                                           | yes, `maxProbes` at a time                      |
 *
 * An outcome counts only in the state that admitted it; a `trip` is a failure that opens it at once. Word that it works,
 * from somebody who tried without being admitted, makes an open one half-open, and is a success there.
 */

import type { Clock } from './clock.ts'

export type BreakerState = 'closed' | 'open' | 'half-open'

export interface BreakerOptions {
  /** Failures in a row that open it. */
  readonly failureThreshold: number
  /** Opens it too: this share of failures within about `windowMs`, as soon as there are `minOutcomes`. */
  readonly rate?: { readonly share: number; readonly windowMs: number; readonly minOutcomes: number }
  readonly openForMs: number
  readonly maxProbes: number
  readonly successThreshold: number
}

/** Permission for one attempt, given back with its outcome, once. */
export interface Admission {
  readonly period: number
}

export class Breaker {
  readonly #options: BreakerOptions
  readonly #clock: Clock
  readonly #changed: (state: BreakerState) => void
  #state: BreakerState = 'closed'
  /** Made anew with each change of state, so that outcomes of an earlier one are known by theirs. */
  #admission: Admission = { period: 0 }
  #openedAtMs = 0
  #failuresInRow = 0
  #probes = 0
  #successes = 0
  #older: Outcomes = none
  #newer: Outcomes = none
  #newerSinceMs = 0

  constructor(options: BreakerOptions, clock: Clock, changed: (state: BreakerState) => void = () => {}) {
    this.#options = options
    this.#clock = clock
    this.#changed = changed
  }

  /** Open until somebody asks: what time alone does shows at the next `admit`. */
  get state(): BreakerState {
    return this.#state
  }

  /** For so long nobody is admitted; 0: somebody may be. */
  get refusesForMs(): number {
    if (this.#state !== 'open') return 0
    return Math.max(0, this.#openedAtMs + this.#options.openForMs - this.#clock.monotonicMs())
  }

  /** Undefined: not now. */
  admit(): Admission | undefined {
    if (this.#state === 'closed') return this.#admission
    if (this.#state === 'open') {
      if (this.#clock.monotonicMs() - this.#openedAtMs < this.#options.openForMs) return undefined
      this.#enter('half-open')
    }
    if (this.#probes >= this.#options.maxProbes) return undefined
    this.#probes++
    return this.#admission
  }

  succeeded(admission: Admission): void {
    if (admission !== this.#admission) return
    if (this.#state === 'closed') {
      this.#failuresInRow = 0
      this.#count(0)
      return
    }
    this.#probes--
    this.#succeed()
  }

  failed(admission: Admission): void {
    if (admission !== this.#admission) return
    if (this.#state === 'half-open') {
      this.#enter('open')
      return
    }
    this.#failuresInRow++
    this.#count(1)
    if (this.#failuresInRow >= this.#options.failureThreshold || this.#failsTooOften()) this.#enter('open')
  }

  /** The attempt said nothing about whether it works: nobody waited for its end. */
  withdrawn(admission: Admission): void {
    if (admission === this.#admission && this.#state === 'half-open') this.#probes--
  }

  /** Somebody tried without being admitted, and it worked. */
  revived(): void {
    if (this.#state === 'closed') return
    if (this.#state === 'open') this.#enter('half-open')
    this.#succeed()
  }

  /** One failure was proof enough. */
  trip(admission: Admission): void {
    if (admission === this.#admission) this.#enter('open')
  }

  #succeed(): void {
    this.#successes++
    if (this.#successes >= this.#options.successThreshold) this.#enter('closed')
  }

  #enter(state: BreakerState): void {
    this.#state = state
    this.#admission = { period: this.#admission.period + 1 }
    this.#failuresInRow = 0
    this.#probes = 0
    this.#successes = 0
    this.#older = none
    this.#newer = none
    if (state === 'open') this.#openedAtMs = this.#clock.monotonicMs()
    this.#changed(state)
  }

  /** Outcomes are kept in two halves of the window: what is counted is between half of it and all of it old. */
  #count(failures: number): void {
    const { rate } = this.#options
    if (rate === undefined) return
    const now = this.#clock.monotonicMs()
    const agedMs = now - this.#newerSinceMs
    if (agedMs >= rate.windowMs / 2) {
      this.#older = agedMs < rate.windowMs ? this.#newer : none
      this.#newer = none
      this.#newerSinceMs = now
    }
    this.#newer = { all: this.#newer.all + 1, failures: this.#newer.failures + failures }
  }

  #failsTooOften(): boolean {
    const { rate } = this.#options
    if (rate === undefined) return false
    const all = this.#older.all + this.#newer.all
    return all >= rate.minOutcomes && this.#older.failures + this.#newer.failures >= rate.share * all
  }
}

interface Outcomes {
  readonly all: number
  readonly failures: number
}

const none: Outcomes = { all: 0, failures: 0 }
