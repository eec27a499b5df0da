/** Spans as Zipkin's JSON, version 2. OpenTelemetry's own exporter waits without end for a collector that hangs. */

import { type Agent, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { type HrTime, SpanKind } from '@opentelemetry/api'
import { type ExportResult, ExportResultCode } from '@opentelemetry/core'
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace'

export interface ZipkinOptions {
  readonly url: string
  readonly serviceName: string
  /** Of the URL's scheme. Whoever has it ends exchanges that take too long. */
  readonly agent: Agent
}

export class ZipkinExporter implements SpanExporter {
  readonly #options: ZipkinOptions
  readonly #underWay = new Set<Promise<ExportResult>>()

  constructor(options: ZipkinOptions) {
    this.#options = options
  }

  export(spans: readonly ReadableSpan[], done: (result: ExportResult) => void): void {
    const { serviceName } = this.#options
    const sending = this.#post(JSON.stringify(spans.map((span) => zipkinSpan(span, serviceName))))
    this.#underWay.add(sending)
    void sending.then((result) => {
      this.#underWay.delete(sending)
      done(result)
    })
  }

  async shutdown(): Promise<void> {
    await Promise.all(this.#underWay)
  }

  /** Never rejects. */
  #post(body: string): Promise<ExportResult> {
    const { url, agent } = this.#options
    const request = url.startsWith('https:') ? requestHttps : requestHttp
    const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }
    return new Promise((resolve) => {
      const failed = (error: Error) => resolve({ code: ExportResultCode.FAILED, error })
      const sent = request(url, { method: 'POST', headers, agent }, (answer) => {
        const { statusCode = 0 } = answer
        answer.on('error', failed).resume()
        answer.on('end', () => {
          if (statusCode < 300) resolve({ code: ExportResultCode.SUCCESS })
          else failed(new Error(`the collector answered ${statusCode}`))
        })
      })
      sent.on('error', failed).end(body)
    })
  }
}

const kinds: { readonly [Kind in SpanKind]?: string } = { [SpanKind.SERVER]: 'SERVER', [SpanKind.CLIENT]: 'CLIENT' }

/** https://zipkin.io/zipkin-api/. It has no links: those of a span are left out. */
function zipkinSpan(span: ReadableSpan, serviceName: string): object {
  const { traceId, spanId } = span.spanContext()
  const tags = Object.entries({ ...span.resource.attributes, ...span.attributes })
  const error = span.status.message
  return {
    traceId,
    id: spanId,
    parentId: span.parentSpanContext?.spanId,
    name: span.name,
    kind: kinds[span.kind],
    timestamp: micros(span.startTime),
    // Nothing takes no time at all: a duration of 0 stands for an unknown one.
    duration: Math.max(1, micros(span.duration)),
    localEndpoint: { serviceName },
    tags: Object.fromEntries(
      [...tags, ...(error === undefined ? [] : [['error', error]])].map(([k, v]) => [k, `${v}`]),
    ),
    annotations: span.events.map(({ name, time }) => ({ timestamp: micros(time), value: name })),
  }
}

const micros = ([seconds, nanos]: HrTime) => seconds * 1e6 + Math.round(nanos / 1000)
