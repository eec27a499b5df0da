/** Which requests have a timeline, and what becomes of it when they end. */

import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { Facts, Timeline, Trace } from '../base/trace.ts'
import type { Handler, ProxyRequest, ProxyResponse, Sent } from '../http/messages.ts'
import type { RequestObserver } from './request-observer.ts'
import type { SpanSink } from './span.ts'
import { forwardingTimeline, type Recording, RequestTimeline } from './timeline.ts'
import { readTraceContext, traceFields } from './trace-context.ts'

export interface TimelinesOptions {
  /** Undefined: traces are not looked at. */
  readonly tracing: { readonly samplingRatio: number; readonly sink: SpanSink } | undefined
  /** Every request is measured, for the log of slow ones. */
  readonly isMeasured: boolean
}

export interface TimelinesPorts {
  readonly clock: Clock
  readonly random: Random
  /** So many random bytes, in hex. */
  id(bytes: number): string
}

export class Timelines {
  readonly #options: TimelinesOptions
  readonly #ports: TimelinesPorts

  constructor(options: TimelinesOptions, ports: TimelinesPorts) {
    this.#options = options
    this.#ports = ports
  }

  /** The same handler, for requests with a timeline where they get one. */
  around(handle: Handler): Handler {
    return (request, trace) => {
      const timeline = isProbe(request) ? undefined : this.#begin(request, trace)
      trace.timeline = timeline
      if (!(timeline instanceof RequestTimeline)) return handle(request, trace)
      return handle(request, trace).then((response) => {
        timeline.headKnown()
        return response
      })
    }
  }

  #begin(request: ProxyRequest, trace: Trace): Timeline | undefined {
    const { tracing, isMeasured } = this.#options
    const parent = tracing && readTraceContext((name) => request.header(name))
    trace.traceId = parent?.traceId
    // Whoever began the trace has decided for all.
    if (tracing !== undefined && (parent?.isSampled ?? this.#isSampled(tracing.samplingRatio))) {
      const traceId = parent?.traceId ?? this.#ports.id(16)
      const context = { traceId, spanId: this.#ports.id(8), isSampled: true, state: parent?.state ?? '' }
      trace.traceId = traceId
      trace.spanId = context.spanId
      const recording: Recording = { context, parentSpanId: parent?.spanId, sink: tracing.sink }
      return new RequestTimeline(this.#ports, recording, none)
    }
    const fields = parent === undefined ? none : traceFields(parent)
    if (isMeasured) return new RequestTimeline(this.#ports, undefined, fields)
    return parent && forwardingTimeline(fields)
  }

  #isSampled(ratio: number): boolean {
    return ratio >= 1 || this.#ports.random.float() < ratio
  }
}

const none: readonly string[] = []

/** Asked for every few seconds by whoever watches over the process. */
function isProbe({ path }: ProxyRequest): boolean {
  return path === '/health' || path === '/ready'
}

/** Before those who look at what the time was spent on. */
export const closeTimeline: RequestObserver = (request, response, trace, sent) => {
  const { timeline } = trace
  if (!(timeline instanceof RequestTimeline)) return
  timeline.close()
  if (trace.spanId === undefined) return
  const { method } = request
  timeline.tell({
    name: `${methods.has(method) ? method : 'HTTP'} ${trace.bucket ?? ''}`.trimEnd(),
    attributes: attributesOf(request, response, trace, sent),
    error: response.status >= 500 || trace.errorDetail !== undefined ? (trace.error ?? 'error') : undefined,
  })
}

const methods = new Set(['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'DELETE', 'PATCH', 'CONNECT', 'TRACE'])

/** By OpenTelemetry's conventions where they have a name. Queries and fields may carry secrets: they are left out. */
function attributesOf(request: ProxyRequest, response: ProxyResponse, trace: Trace, sent: Sent): Facts {
  const isKnown = methods.has(request.method)
  return {
    'http.request.method': isKnown ? request.method : '_OTHER',
    'http.request.method_original': isKnown ? undefined : request.method,
    'url.path': request.path,
    'client.address': request.clientAddress,
    'http.response.status_code': response.status,
    'http.response.body.size': sent.bytes,
    'error.type': trace.error,
    'yatagarasu.correlation_id': request.id,
    'yatagarasu.bucket': trace.bucket,
    'yatagarasu.cache': trace.cache,
    'yatagarasu.tier': trace.tier,
    'yatagarasu.auth': trace.auth,
    'yatagarasu.aborted': sent.complete ? undefined : true,
  }
}
