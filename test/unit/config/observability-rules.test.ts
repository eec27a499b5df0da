import assert from 'node:assert/strict'
import test from 'node:test'
import { configOf, oneBucket, problemsOf, warningsOf } from './parse-yaml.ts'

const observability = (settings: string) => `observability: { ${settings} }\n${oneBucket}`
const builtOf = (settings: string) => configOf(observability(settings)).observability

test('what is switched on and says no more has its defaults', () => {
  const built = builtOf('tracing: { enabled: true }, request_logging: { enabled: true }, slow_query: { enabled: true }')
  assert.deepEqual(built, {
    tracing: { exporter: 'otlp', endpoint: undefined, serviceName: 'yatagarasu', samplingRatio: 1 },
    requestLogging: { responses: false, includePaths: [], excludePaths: [], statuses: [], redactHeaders: [] },
    slowRequests: { thresholdMs: 1000 },
    prices: { per1000Requests: 0.0004, perGb: 0.09 },
  })
})

test('every setting of observability arrives', () => {
  const built = builtOf(`
    tracing: { enabled: true, exporter: zipkin, endpoint: "https://zipkin.local/api/v2/spans", service_name: edge-1,
      sampling_ratio: 0.01 },
    request_logging: { enabled: true, responses: true, include_paths: ["/products/*", "*.mp4"], exclude_paths: [/health],
      statuses: [404, "410", 5xx, 301-308], redact_headers: [X-Api-Key] },
    slow_query: { enabled: true, threshold_ms: 2.5 },
    prices: { per_1000_requests: 0, per_gb: 12 }`)
  assert.deepEqual(built, {
    tracing: {
      exporter: 'zipkin',
      endpoint: 'https://zipkin.local/api/v2/spans',
      serviceName: 'edge-1',
      samplingRatio: 0.01,
    },
    requestLogging: {
      responses: true,
      includePaths: ['/products/*', '*.mp4'],
      excludePaths: ['/health'],
      statuses: ['404', '410', '5xx', '301-308'],
      redactHeaders: ['x-api-key'],
    },
    slowRequests: { thresholdMs: 2.5 },
    prices: { per1000Requests: 0, perGb: 12 },
  })
})

test('jaeger is another word for otlp', () => {
  assert.equal(builtOf('tracing: { enabled: true, exporter: jaeger }').tracing?.exporter, 'otlp')
})

const range = 'must be a status such as 404, a class such as 5xx, or a range such as 500-504'
const url = 'must be an http or https URL without a query, such as http://localhost:4318'
const pattern = 'must begin with / or *, as in /products/*'
const refused: readonly (readonly [settings: string, ...problems: string[]])[] = [
  ['tracing: { sampling_ratio: -0.1 }', 'tracing.sampling_ratio (line 1): must be at least 0'],
  ['tracing: { sampling_ratio: 1.01 }', 'tracing.sampling_ratio (line 1): must be at most 1'],
  ['tracing: { endpoint: "collector:4318" }', `tracing.endpoint (line 1): ${url}`],
  ['tracing: { endpoint: "http://c/?key=k" }', `tracing.endpoint (line 1): ${url}`],
  ['tracing: { endpoint: "http://u:p@c/" }', 'tracing.endpoint (line 1): must not hold a user or a password'],
  ['tracing: { endpoint: "http://c:x/" }', 'tracing.endpoint (line 1): must be a valid URL'],
  ['tracing: { enabled: true, service_name: "" }', 'tracing.service_name (line 1): must not be empty'],
  [
    'tracing: { exporter: otpl }',
    'tracing.exporter (line 1): must be one of otlp, zipkin, none, jaeger, did you mean "otlp"?',
  ],
  ...['600', '99', '4x', '5XX', '404-', '400-5xx', '404.5x', '-1'].map(
    (status) =>
      [`request_logging: { statuses: [${status}] }`, `request_logging.statuses[0] (line 1): ${range}`] as const,
  ),
  ['request_logging: { statuses: [404.5] }', 'request_logging.statuses[0] (line 1): must be text; put it in quotes'],
  ['request_logging: { statuses: [504-500] }', 'request_logging.statuses[0] (line 1): must not end below its begin'],
  ['request_logging: { statuses: [404, "404"] }', 'request_logging.statuses[1] (line 1): repeats an earlier item'],
  ['request_logging: { include_paths: [images/*] }', `request_logging.include_paths[0] (line 1): ${pattern}`],
  ['request_logging: { exclude_paths: [health] }', `request_logging.exclude_paths[0] (line 1): ${pattern}`],
  [
    "request_logging: { exclude_paths: ['/a\\'] }",
    'request_logging.exclude_paths[0] (line 1): must be at most 2048 characters, without a backslash at the end',
  ],
  [
    'request_logging: { redact_headers: ["a b"] }',
    'request_logging.redact_headers[0] (line 1): must be the name of a header field',
  ],
  ['slow_query: { threshold_ms: -1 }', 'slow_query.threshold_ms (line 1): must be at least 0'],
  ['prices: { per_1000_requests: -1 }', 'prices.per_1000_requests (line 1): must be at least 0'],
  ['prices: { per_gb: -0.01 }', 'prices.per_gb (line 1): must be at least 0'],
]

for (const [settings, ...problems] of refused) {
  test(`observability that says { ${settings} } is refused`, () => {
    assert.deepEqual(
      problemsOf(observability(settings)),
      problems.map((problem) => `observability.${problem}`),
    )
  })
}

for (const name of ['tracing', 'request_logging', 'slow_query']) {
  test(`${name} that nobody switched on is told of`, () => {
    const [path, warning] = [`observability.${name}`, 'has no effect without enabled: true']
    assert.deepEqual(warningsOf(observability(`${name}: {}`)), [`${path} (line 1): ${warning}`])
    assert.deepEqual(warningsOf(observability(`${name}: { enabled: false }`)), [])
  })
}

test('an endpoint that no span goes to is warned about', () => {
  const tracing = (enabled: boolean) => `tracing: { enabled: ${enabled}, exporter: none, endpoint: "http://c:4318" }`
  assert.deepEqual(warningsOf(observability(tracing(false))), [])
  assert.deepEqual(warningsOf(observability(tracing(true))), [
    'observability.tracing.endpoint (line 1): has no effect with exporter: none',
  ])
})
