/** What the proxy tells of its requests: traces, log lines, what the cache saves. */

import { collectorUrl, headerName, pathPattern, statusRange } from './formats.ts'
import { choice, flag, list, number, section, text } from './setting.ts'

const tracing = section('Traces (OpenTelemetry): where the time of a request went, as spans.', {
  enabled: flag({ default: false, help: 'Whether requests are traced.' }),
  exporter: choice({
    values: ['otlp', 'zipkin', 'none', 'jaeger'],
    default: 'otlp',
    help: 'How spans leave: OTLP over HTTP, which Jaeger takes too (`jaeger` is another word for it), or Zipkin JSON. `none`: they stay here; trace ids still go to the origin and into log lines.',
  }),
  endpoint: text({
    format: collectorUrl,
    absent: '`http://localhost:4318/v1/traces`, or `http://localhost:9411/api/v2/spans` for `zipkin`',
    example: 'http://localhost:4318',
    help: "The collector's URL. Without a path it gets the usual one of the exporter.",
  }),
  service_name: text({ default: 'yatagarasu', refusesEmpty: true, help: 'What traces call this proxy.' }),
  sampling_ratio: number({
    default: 1,
    min: 0,
    max: 1,
    help: 'The part of all requests that is traced. Where a client sends `traceparent`, its decision holds.',
  }),
})

const requestLogging = section(
  'Which requests are logged, and with how much. Without it every request is, in one line.',
  {
    enabled: flag({ default: false, help: 'Whether what follows holds.' }),
    responses: flag({ default: false, help: 'Whether header fields are logged too, of requests and of responses.' }),
    include_paths: list(text({ format: pathPattern, help: 'A pattern.' }), {
      mayBeEmpty: true,
      absent: 'every path',
      example: '["/products/*"]',
      help: 'Requests on these paths alone are logged. A pattern is matched against the whole path as the client wrote it: `*` is any characters, `/` too, `?` is one, and a backslash makes the next one plain.',
    }),
    exclude_paths: list(text({ format: pathPattern, help: 'A pattern.' }), {
      mayBeEmpty: true,
      example: '[/health, /ready]',
      help: 'Requests on these paths are not logged, whatever `include_paths` says.',
    }),
    statuses: list(text({ format: statusRange, mayBeNumber: true, help: 'A status, a class or a range.' }), {
      mayBeEmpty: true,
      absent: 'every status',
      example: '[404, 5xx]',
      help: 'Requests with these statuses alone are logged: `404`, `5xx` or `500-504`. Requests that fail here have an error line in any case.',
    }),
    redact_headers: list(text({ format: headerName, help: 'The name of a header field.' }), {
      mayBeEmpty: true,
      example: '[X-Api-Key]',
      help: 'Fields whose values are not told, besides those that carry tokens and credentials.',
    }),
  },
)

const slowQuery = section('A log line for each slow request, with the time that each part of it took.', {
  enabled: flag({ default: false, help: 'Whether there is one.' }),
  threshold_ms: number({
    unit: 'milliseconds',
    default: 1000,
    min: 0,
    max: 86_400_000,
    help: 'How long a request has to take, from its head to its last byte.',
  }),
})

const prices = section('In dollars, what the origin charges: what metrics and statistics call saved and spent.', {
  per_1000_requests: number({ default: 0.0004, min: 0, max: 1_000_000, help: 'For a thousand requests.' }),
  per_gb: number({ default: 0.09, min: 0, max: 1_000_000, help: 'For 10⁹ bytes that leave the origin.' }),
})

export const observability = section('Seeing inside. Metrics are always there, on the listener `metrics`.', {
  tracing,
  request_logging: requestLogging,
  slow_query: slowQuery,
  prices,
})
