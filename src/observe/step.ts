import type { Facts, Phase, Step } from '../base/trace.ts'
import type { HeaderList } from '../base/types.ts'
import type { SpanContext } from './trace-context.ts'

/** What the time of a request is summed up by. */
export type TimedPhase = Exclude<Phase, 'origin'> | 'origin_connect' | 'origin_first_byte' | 'origin_body' | 'send'

export interface StepOwner {
  readonly nowMs: number
  ended(step: RecordedStep, endedMs: number): void
}

export interface StepSpec {
  readonly phase: Phase | 'send'
  readonly facts: Facts | undefined
  readonly fields: HeaderList
  /** Of its span; undefined: nobody is told of it. */
  readonly spanId: string | undefined
  readonly links: readonly SpanContext[]
}

/** A step with its times, by the monotonic clock. */
export class RecordedStep implements Step {
  readonly spec: StepSpec
  readonly startedMs: number
  readonly #owner: StepOwner
  #sentMs: number | undefined
  #answeredMs: number | undefined
  #facts: Facts | undefined
  #isOver = false

  constructor(spec: StepSpec, owner: StepOwner) {
    this.spec = spec
    this.#owner = owner
    this.startedMs = owner.nowMs
  }

  get fields(): HeaderList {
    return this.spec.fields
  }

  get facts(): Facts {
    return { ...this.spec.facts, ...this.#facts }
  }

  reached(milestone: 'sent' | 'answered'): void {
    if (milestone === 'sent') this.#sentMs = this.#owner.nowMs
    else this.#answeredMs = this.#owner.nowMs
  }

  end(facts?: Facts): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#facts = facts
    this.#owner.ended(this, this.#owner.nowMs)
  }

  get milestones(): readonly (readonly [name: string, ms: number])[] {
    const reached = [['request sent', this.#sentMs] as const, ['answer begun', this.#answeredMs] as const]
    return reached.flatMap(([name, ms]) => (ms === undefined ? [] : [[name, ms] as const]))
  }

  /** Tells what its time until then was spent on. */
  sumUp(untilMs: number, add: (phase: TimedPhase, ms: number) => void): void {
    const { phase } = this.spec
    if (phase === 'origin') this.#sumUpExchange(untilMs, add)
    else add(phase, untilMs - this.startedMs)
  }

  #sumUpExchange(untilMs: number, add: (phase: TimedPhase, ms: number) => void): void {
    const sentMs = this.#sentMs ?? untilMs
    const answeredMs = this.#answeredMs ?? untilMs
    add('origin_connect', sentMs - this.startedMs)
    if (this.#sentMs !== undefined) add('origin_first_byte', answeredMs - sentMs)
    if (this.#answeredMs !== undefined) add('origin_body', untilMs - answeredMs)
  }
}
