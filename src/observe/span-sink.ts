/** Where finished spans go. OpenTelemetry's packages are loaded when the first configuration asks for them, and not before. */

import type { Clock } from '../base/clock.ts'
import type { Logger } from './logger.ts'
import type { Span, SpanSink } from './span.ts'

export interface SpanSinkOptions {
  readonly exporter: 'otlp' | 'zipkin' | 'none'
  /** Undefined: a collector on this machine. */
  readonly endpoint: string | undefined
  readonly serviceName: string
}

export interface SpanSinkPorts {
  readonly clock: Clock
  readonly logger: Logger
  readonly version: string
}

/** While the packages are being loaded, which takes some 50 ms. */
const maxWaiting = 2048

export function openSpanSink(options: SpanSinkOptions, ports: SpanSinkPorts): SpanSink {
  const { exporter } = options
  if (exporter === 'none') return nowhere
  const url = collectorUrl(exporter, options.endpoint)
  const loading = import('./span-export.ts').then((loaded) =>
    loaded.createSpanExport({ ...options, exporter, url }, ports),
  )
  return new LoadingSink(
    loading.catch((error: unknown) => {
      ports.logger.error({ err: error }, 'traces cannot be exported')
      return nowhere // translated: requests are worth more than word of them
    }),
  )
}

const nowhere: SpanSink = { emit() {}, async close() {} }

const collectors = {
  otlp: { endpoint: 'http://localhost:4318', path: '/v1/traces' },
  zipkin: { endpoint: 'http://localhost:9411', path: '/api/v2/spans' },
} as const

/** An endpoint without a path gets the usual one. */
export function collectorUrl(exporter: keyof typeof collectors, endpoint: string | undefined): string {
  const usual = collectors[exporter]
  const url = new URL(endpoint ?? usual.endpoint)
  if (url.pathname === '/') url.pathname = usual.path
  return url.href
}

/** `loading` does not reject. */
class LoadingSink implements SpanSink {
  readonly #loading: Promise<SpanSink>
  #waiting: Span[] = []
  #sink: SpanSink | undefined

  constructor(loading: Promise<SpanSink>) {
    this.#loading = loading.then((sink) => {
      for (const span of this.#waiting) sink.emit(span)
      this.#waiting = []
      this.#sink = sink
      return sink
    })
  }

  emit(span: Span): void {
    if (this.#sink !== undefined) this.#sink.emit(span)
    else if (this.#waiting.length < maxWaiting) this.#waiting.push(span)
  }

  async close(): Promise<void> {
    await (await this.#loading).close()
  }
}
