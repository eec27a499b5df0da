/** docs/metrics.md from the declarations of metrics. */

import type { RejectReason } from '../http/refusal.ts'
import { InstrumentSet } from './instruments.ts'
import { declareMetrics } from './metrics.ts'

const introduction = (highest: readonly string[]) => `# Metrics

Generated from the declarations in \`src/observe/\` by \`npm run docs\`; do not edit.

\`GET /metrics\` on the metrics listener answers in Prometheus' text format; the public listener never does. Who asks for
\`application/openmetrics-text\`, as Prometheus does, gets OpenMetrics 1.0: the same samples, and with tracing on each bucket of
\`yatagarasu_http_request_duration_seconds\` carries the trace of the last request in it (scrape with
\`--enable-feature=exemplar-storage\` to keep them).

Beside these come the usual \`process_*\` and \`nodejs_*\` metrics of a Node process.
[Operations](operations.md#reading-metrics) has queries to start from.

With several threads (\`server.workers\`) a sample is of all of them together: their sum, or of ${highest.join(' and ')}
the highest value that one of them has. A thread that ends takes its gauges along; what it counted stays. Of Node's own metrics
\`process_*\` are of the whole process, and \`nodejs_*\`, heap and event loop, of the main thread alone.

Labels take their values from closed sets: nothing a client sends can add a time series, and no label holds an object key.
A time series appears with its first event; gauges without labels, and counters that alerts watch for a single event, are there
from the start. A histogram \`x\` is the series \`x_bucket\`, \`x_sum\` and \`x_count\`.

| name | type | labels | meaning |
| --- | --- | --- | --- |
`

const labelMeanings: Readonly<Record<string, string>> = {
  bucket: "A bucket's `name` in the config; empty for requests that no bucket serves, such as `/health`.",
  cache:
    'What the cache did: `hit`, `miss`, `stale`, `revalidated`, `bypass` (the client said `no-store`), or `none` when it was not asked.',
  event: 'Of a webhook: `purge`, `reload`, `breaker`, `origin_health`, `auth_denied`.',
  kind: 'Which wait for the origin was too long. Each attempt has `timeout_seconds` for a connection (`connect`), for the head of an answer (`first-byte`: nothing of it came; `head`: not all of it), and each time for more of its body (`idle`). `request`: a client waited for a head as long as `request_timeout_seconds`, all attempts together.',
  layer: 'The cache tier: `memory`, `disk`, `redis`.',
  method: '`GET`, `HEAD`, `OPTIONS`, `POST`, `PUT`, `DELETE`, `PATCH`, or `other`.',
  node: 'The version of Node.',
  operation: '`get`, `put` or `remove`.',
  outcome:
    'Of an origin request made again: `success`, `failure`, `denied` (there were too many already) or `hedged` (made beside one that was slow). Of a token: `verified`; `no-token`; `denied`, a claim does not hold; `no-keys`, none fetched yet; or why it was turned down: `malformed`, `algorithm`, `unknown-key`, `bad-signature`, `expired`, `not-yet`, `no-expiry`, `issuer`, `audience`. Of an audit entry: `written` or `dropped`. Of a reload: `applied` or `refused`. Of an event for a webhook: `delivered`, `retried`, `failed` or `dropped`.',
  part: 'Of memory: `cache`, the memory tier; `fills`, what is on its way from the origin into the cache.',
  reason: 'Of an eviction: `size`. Of a rejected request: see below.',
  replica: 'Its `name` in `s3.replicas`; empty where a bucket has one origin.',
  scope:
    'What was purged: `all`, `bucket`, `object`, `prefix`, `tag` or `filter`. Or the limit that refused: `global`, `per_ip`, `per_user` of `rate_limiting`; `bucket`, `bucket_per_ip`, `bucket_per_user` of a bucket.',
  sink: 'Where audit entries go: `file`, `syslog`, `s3`.',
  status: 'The HTTP status; `error` when the origin gave none, 499 when the client left before it had one.',
  thread:
    '0 is the main one, which has what threads share, or the only one; those that serve requests with `server.workers` follow.',
  version: 'The version of this proxy.',
}

/** `bad-path` is nobody's: paths are judged by the router, and such requests are answered and counted like others. */
const rejections: Readonly<Record<Exclude<RejectReason, 'bad-path'>, string>> = {
  'bad-syntax': 'Not HTTP/1.0 or HTTP/1.1.',
  smuggling: 'Framing that two parsers could read differently.',
  'bad-host': 'No valid `Host`, or several.',
  'bad-target': 'A request target in no known form.',
  connect: '`CONNECT`: there are no tunnels here.',
  'head-timeout': 'The request head took longer than `request_timeout_seconds`.',
  'header-too-large': 'A request head above `max_header_size`.',
  'uri-too-long': 'A request target above `max_uri_length`.',
  tls: 'A TLS handshake that failed or took longer than `request_timeout_seconds`.',
  'proxy-protocol': 'A trusted proxy that sent no valid PROXY header, with `client_address_from: proxy-protocol`.',
  'h2-protocol': 'Not HTTP/2, where TLS agreed on it.',
  'h2-flood':
    'HTTP/2 frames sent to make work: resets, continuations, pings, settings, malformed requests by the thousand.',
  body: 'A request body with oversized chunk extensions.',
  overload: 'No slot was free (`max_concurrent_requests`), and no room in the queue (`queue_size`) or none in time.',
}

export function metricsPage(): string {
  const instruments = new InstrumentSet({ registerMetric: () => {} })
  declareMetrics(instruments)
  const { declarations } = instruments
  const rows = declarations.map(
    ({ name, type, labels, help }) => `| \`${name}\` | ${type} | ${labels.map(code).join(', ')} | ${help} |\n`,
  )
  const used = [...new Set(declarations.flatMap(({ labels }) => labels))].sort()
  const labels = used.map((label) => `| \`${label}\` | ${meaningOf(label)} |\n`)
  const reasons = Object.entries(rejections).map(([reason, meaning]) => `| \`${reason}\` | ${meaning} |\n`)
  const highest = declarations.filter(({ across }) => across === 'max').map(({ name }) => code(name))
  return [
    introduction(highest),
    ...rows,
    '\n## Labels\n\n| label | values |\n| --- | --- |\n',
    ...labels,
    '\n## Rejected requests\n\nWhat never became a request that a bucket could answer:\n\n',
    '| reason | meaning |\n| --- | --- |\n',
    ...reasons,
  ].join('')
}

function meaningOf(label: string): string {
  const meaning = labelMeanings[label]
  if (meaning === undefined) throw new Error(`docs/metrics.md has no words for the label ${label}`)
  return meaning
}

function code(text: string): string {
  return `\`${text}\``
}
