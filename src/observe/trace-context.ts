/** W3C Trace Context (https://www.w3.org/TR/trace-context/): the fields that carry a trace from one server to the next. */

import { trimmed } from '../base/header-list.ts'
import type { HeaderList } from '../base/types.ts'

/** Somebody's span, for others to go on from. Ids in lower-case hex. */
export interface SpanContext {
  readonly traceId: string
  readonly spanId: string
  readonly isSampled: boolean
  /** What tracing systems before us noted, as a field value; empty: nothing. */
  readonly state: string
}

/** §3.2.2. Versions to come may add to it, after another dash. */
const traceParent = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
/** §3.3.1.3. */
const stateMember =
  /^([a-z0-9][a-z0-9_\-*/@]{0,255})=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/
const maxMembers = 32
/** §3.3.1.5: so much should be handed on. Less is spared for nobody, more is cut from its end, where the oldest are. */
const maxStateLength = 512

/** By lower-case field name. Undefined: the request belongs to no trace, or says so in a way that nobody may rely on. */
export function readTraceContext(header: (name: string) => string | undefined): SpanContext | undefined {
  const [, version, traceId, spanId, flags = '', more] = traceParent.exec(header('traceparent') ?? '') ?? []
  if (traceId === undefined || spanId === undefined || (version === '00' && more !== undefined)) return undefined
  const isSampled = (Number.parseInt(flags, 16) & 1) === 1
  return { traceId, spanId, isSampled, state: readState(header('tracestate') ?? '') }
}

/** §3.3.1.1: one member that is none makes all of them nothing, and the trace goes on without. */
function readState(value: string): string {
  const members = value.split(',').map(trimmed)
  const kept = members.filter((member) => member !== '')
  const keys = new Set(kept.map((member) => stateMember.exec(member)?.[1]))
  if (kept.length > maxMembers || keys.size < kept.length || keys.has(undefined)) return ''
  while (kept.join(',').length > maxStateLength) kept.pop()
  return kept.join(',')
}

export function traceFields({ traceId, spanId, isSampled, state }: SpanContext): HeaderList {
  const fields = ['traceparent', `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`]
  return state === '' ? fields : [...fields, 'tracestate', state]
}
