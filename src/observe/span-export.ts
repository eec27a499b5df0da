/** Spans on their way to a collector, in batches, by OpenTelemetry's SDK. See `span-sink.ts` for who loads this file. */

import { Agent } from 'node:http'
import { Agent as SecureAgent } from 'node:https'
import { type Attributes, type HrTime, SpanKind, type SpanStatus, SpanStatusCode } from '@opentelemetry/api'
import { type ExportResult, ExportResultCode, TraceState } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { type Resource, resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter } from '@opentelemetry/sdk-trace'
import type { Facts } from '../base/trace.ts'
import type { Span, SpanSink } from './span.ts'
import type { SpanSinkPorts } from './span-sink.ts'
import type { SpanContext } from './trace-context.ts'
import { ZipkinExporter } from './zipkin-exporter.ts'

export interface SpanExportOptions {
  readonly exporter: 'otlp' | 'zipkin'
  readonly url: string
  readonly serviceName: string
}

/** What a dead collector costs: so many spans are kept, about 1 KiB each, and further ones are lost. */
const maxWaiting = 4096
const batchSpans = 512
const batchMs = 1000
/** For a batch, being sent again included. The last ones hold up the end of the process for so long at most. */
const sendingMs = 2000
const longestReason = 200

export function createSpanExport(options: SpanExportOptions, ports: SpanSinkPorts): SpanSink {
  const { exporter: kind, url, serviceName } = options
  const { version } = ports
  const agent = new (url.startsWith('https:') ? SecureAgent : Agent)({ keepAlive: true })
  const sender =
    kind === 'otlp'
      ? new OTLPTraceExporter({ url, timeoutMillis: sendingMs, httpAgentOptions: () => agent })
      : new ZipkinExporter({ url, serviceName, agent })
  const collector: Collector = { name: new URL(url).host, hangUp: () => agent.destroy() }
  const processor = new BatchSpanProcessor({
    exporter: watched(sender, collector, ports),
    maxQueueSize: maxWaiting,
    maxExportBatchSize: batchSpans,
    scheduledDelayMillis: batchMs,
    exportTimeoutMillis: sendingMs * 1.25,
  })
  const resource = resourceFromAttributes({ 'service.name': serviceName, 'service.version': version })
  return {
    emit: (span) => processor.onEnd(readable(span, resource, version)),
    async close() {
      await processor.shutdown().catch(() => undefined) // told by then, and there is nobody to send it again for
      agent.destroy()
    },
  }
}

interface Collector {
  readonly name: string
  /** Ends every exchange with it: both exporters wait without end for an answer that comes byte by byte. */
  hangUp(): void
}

/** One line when it begins to fail and one when it works again, not one for each batch. */
function watched(exporter: SpanExporter, collector: Collector, { clock, logger }: SpanSinkPorts): SpanExporter {
  let isFailing = false
  let hangUps = 0
  const late = { code: ExportResultCode.FAILED, error: new Error(`no whole answer within ${sendingMs} ms`) }
  const note = ({ code, error }: ExportResult) => {
    const failed = code === ExportResultCode.FAILED
    // Not the error itself: it may hold all that the collector has answered.
    const reason = error?.message.slice(0, longestReason)
    if (failed && !isFailing) logger.warn({ collector: collector.name, reason }, 'traces cannot be exported')
    if (!failed && isFailing) logger.info({ collector: collector.name }, 'traces are exported again')
    isFailing = failed
  }
  return {
    export(spans, done) {
      const before = hangUps
      const callOff = clock.alarm(sendingMs, () => {
        hangUps++
        collector.hangUp()
      })
      exporter.export(spans, (result) => {
        callOff()
        // To OpenTelemetry half an answer is one, also where it was cut off because another one was late.
        const told = hangUps === before ? result : late
        note(told)
        done(told)
      })
    },
    shutdown: () => exporter.shutdown(),
  }
}

const kinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL } as const

/** As the SDK hands spans to exporters. */
function readable(span: Span, resource: Resource, version: string): ReadableSpan {
  const { context, parentSpanId, startedAt, endedAt } = span
  const spanContext = contextOf(context)
  return {
    name: span.name,
    kind: kinds[span.kind],
    spanContext: () => spanContext,
    ...(parentSpanId !== undefined && { parentSpanContext: contextOf({ ...context, spanId: parentSpanId }) }),
    startTime: hrTime(startedAt),
    endTime: hrTime(endedAt),
    duration: hrTime(Math.max(0, endedAt - startedAt)),
    status: statusOf(span),
    attributes: attributesOf(span.attributes),
    links: span.links.map((link) => ({ context: contextOf(link) })),
    events: span.events.map(({ name, at }) => ({ name, time: hrTime(at) })),
    ended: true,
    resource,
    instrumentationScope: { name: 'yatagarasu', version },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  }
}

function contextOf({ traceId, spanId, state }: SpanContext): ReturnType<ReadableSpan['spanContext']> {
  const traceFlags = 1 // those that are not sampled are not told of
  return { traceId, spanId, traceFlags, ...(state !== '' && { traceState: new TraceState(state) }) }
}

function statusOf({ error }: Span): SpanStatus {
  return error === undefined ? { code: SpanStatusCode.UNSET } : { code: SpanStatusCode.ERROR, message: error }
}

function attributesOf(facts: Facts): Attributes {
  const attributes: Attributes = {}
  for (const [name, value] of Object.entries(facts)) if (value !== undefined) attributes[name] = value
  return attributes
}

/** Seconds and nanoseconds. A millisecond of today has room for a quarter of a microsecond behind its point. */
function hrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000)
  const nanos = Math.round((ms - seconds * 1000) * 1e6)
  return nanos === 1e9 ? [seconds + 1, 0] : [seconds, nanos]
}
