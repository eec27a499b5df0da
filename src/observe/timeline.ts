/** Where the time of one request goes: summed up for the log of slow ones, told span by span to its trace. */

import type { Clock } from '../base/clock.ts'
import type { Facts, Phase, Step, Timeline } from '../base/trace.ts'
import type { EpochMs, HeaderList } from '../base/types.ts'
import type { Span, SpanSink } from './span.ts'
import { RecordedStep, type StepOwner, type TimedPhase } from './step.ts'
import { type SpanContext, traceFields } from './trace-context.ts'

/** More of one request is of no use to whoever looks at its trace: a large object has a look-up for each slice. */
const maxSteps = 128

export interface TimelinePorts {
  readonly clock: Clock
  /** So many random bytes, in hex. */
  id(bytes: number): string
}

/** The part of a trace that is recorded here. */
export interface Recording {
  /** Of the request's own span. */
  readonly context: SpanContext
  readonly parentSpanId: string | undefined
  readonly sink: SpanSink
}

/** A request that is neither recorded nor measured, in a trace of somebody who is to be told of it all the same. */
export function forwardingTimeline(fields: HeaderList): Timeline {
  const step: Step = { fields, reached() {}, end() {} }
  return { begin: () => step, join: () => step }
}

/** `fields`: for whoever is asked, where nothing is recorded. */
export class RequestTimeline implements Timeline, StepOwner {
  readonly #ports: TimelinePorts
  readonly #recording: Recording | undefined
  readonly #fields: HeaderList
  readonly #startedAt: EpochMs
  readonly #startedMs: number
  readonly #sums = new Map<TimedPhase, number>()
  readonly #open = new Set<RecordedStep>()
  #steps = 0

  constructor(ports: TimelinePorts, recording: Recording | undefined, fields: HeaderList) {
    this.#ports = ports
    this.#recording = recording
    this.#fields = fields
    this.#startedAt = ports.clock.now()
    this.#startedMs = ports.clock.monotonicMs()
  }

  get nowMs(): number {
    return this.#ports.clock.monotonicMs()
  }

  /** Milliseconds. They overlap: a body is sent while it comes from the origin. */
  get sums(): ReadonlyMap<TimedPhase, number> {
    return this.#sums
  }

  begin(phase: Phase, facts?: Facts): Step {
    return this.#begin(phase, facts, [])
  }

  join(leader: Timeline | undefined): Step {
    const asked = leader instanceof RequestTimeline ? leader.#recording?.context : undefined
    return this.#begin('coalesced', undefined, asked === undefined ? [] : [asked])
  }

  /** Whatever failed has left its steps open. From here on the response is sent. */
  headKnown(): void {
    for (const step of this.#open) if (step.spec.phase !== 'origin') step.end()
    this.#begin('send', undefined, [])
  }

  /** The last byte is out. What goes on at the origin for others is told when it ends. */
  close(): void {
    for (const step of this.#open) {
      if (step.spec.phase === 'origin') step.sumUp(this.nowMs, this.#add)
      else step.end()
    }
    this.#open.clear()
  }

  ended(step: RecordedStep, endedMs: number): void {
    this.#open.delete(step)
    step.sumUp(endedMs, this.#add)
    if (this.#recording === undefined || step.spec.spanId === undefined) return
    const { context, sink } = this.#recording
    const { facts } = step
    sink.emit({
      name: nameOf(step),
      kind: step.spec.phase === 'origin' ? 'client' : 'internal',
      context: { ...context, spanId: step.spec.spanId },
      parentSpanId: context.spanId,
      startedAt: this.#wallTime(step.startedMs),
      endedAt: this.#wallTime(endedMs),
      attributes: facts,
      events: step.milestones.map(([name, ms]) => ({ name, at: this.#wallTime(ms) })),
      links: step.spec.links,
      error: errorIn(facts),
    })
  }

  /** Tells of the request itself, once it is closed. */
  tell({ name, attributes, error }: Pick<Span, 'name' | 'attributes' | 'error'>): void {
    if (this.#recording === undefined) return
    const { context, parentSpanId, sink } = this.#recording
    const leftOut = this.#steps > maxSteps ? this.#steps - maxSteps : undefined
    sink.emit({
      ...{ name, kind: 'server', context, parentSpanId, error, events: [], links: [] },
      startedAt: this.#startedAt,
      endedAt: this.#wallTime(this.nowMs),
      attributes: { ...attributes, 'yatagarasu.steps_left_out': leftOut },
    })
  }

  readonly #add = (phase: TimedPhase, ms: number): void => {
    this.#sums.set(phase, (this.#sums.get(phase) ?? 0) + ms)
  }

  #begin(phase: Phase | 'send', facts: Facts | undefined, links: readonly SpanContext[]): RecordedStep {
    const isTold = this.#recording !== undefined && this.#steps++ < maxSteps
    const spanId = isTold ? this.#ports.id(8) : undefined
    const fields = phase === 'origin' ? this.#fieldsFrom(spanId) : none
    const step = new RecordedStep({ phase, facts, fields, spanId, links }, this)
    this.#open.add(step)
    return step
  }

  #fieldsFrom(spanId: string | undefined): HeaderList {
    if (this.#recording === undefined) return this.#fields
    const { context } = this.#recording
    return traceFields({ ...context, spanId: spanId ?? context.spanId })
  }

  #wallTime(ms: number): EpochMs {
    return (this.#startedAt + ms - this.#startedMs) as EpochMs
  }
}

const none: HeaderList = []

function nameOf({ spec: { phase, facts } }: RecordedStep): string {
  switch (phase) {
    case 'memory':
    case 'disk':
    case 'redis':
    case 'tiered':
      return `cache.get ${phase}`
    case 'backoff':
      return 'origin backoff'
    case 'coalesced':
      return 'coalesced wait'
    case 'origin':
      return `origin ${facts?.['http.request.method'] ?? 'GET'}`
    default:
      return phase
  }
}

function errorIn({ 'error.type': error }: Facts): string | undefined {
  return typeof error === 'string' ? error : undefined
}
