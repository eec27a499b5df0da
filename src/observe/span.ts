/** A stretch of work as traces tell of it, and where it goes when it is over. */

import type { Facts } from '../base/trace.ts'
import type { EpochMs } from '../base/types.ts'
import type { SpanContext } from './trace-context.ts'

export interface Span {
  readonly name: string
  readonly kind: 'server' | 'client' | 'internal'
  readonly context: SpanContext
  /** Undefined: the trace begins here. */
  readonly parentSpanId: string | undefined
  /** With fractions of a millisecond, like every time here. */
  readonly startedAt: EpochMs
  readonly endedAt: EpochMs
  readonly attributes: Facts
  readonly events: readonly SpanEvent[]
  /** Spans of other traces without which there would have been no wait. */
  readonly links: readonly SpanContext[]
  /** Undefined: nothing failed. */
  readonly error: string | undefined
}

export interface SpanEvent {
  readonly name: string
  readonly at: EpochMs
}

export interface SpanSink {
  /** Never throws, and never waits: what there is no room for is lost. */
  emit(span: Span): void
  /** Sends what waits, within a limit. Never rejects. */
  close(): Promise<void>
}
