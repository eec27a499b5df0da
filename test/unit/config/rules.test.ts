// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${…}` is what config files hold
import assert from 'node:assert/strict'
import test from 'node:test'
import { oneBucket, problemsOf, warningsOf } from './parse-yaml.ts'

const host = 'must be host:port, such as 0.0.0.0:8080 or [::]:8080'
const block = 'must be an address or a CIDR block, such as 10.0.0.0/8 or 2001:db8::/32'

/** Settings above one sound bucket. */
const general: readonly (readonly [settings: string, ...problems: string[]])[] = [
  ['server: { adress: 1 }', 'server.adress (line 1): unknown key, did you mean "address"?'],
  ['limit: {}', 'limit (line 1): unknown key, did you mean "limits"?'],
  ['jwt: { admin_claim: [] }', 'jwt.admin_claim (line 1): unknown key, did you mean "admin_claims"?'],
  ['audit_logs: {}', 'audit_logs (line 1): unknown key, did you mean "audit_log"?'],
  ['"odd key": 1', '"odd key" (line 1): unknown key'],
  [
    'server: { tsl: {}, threads: 2 }',
    'server.tsl (line 1): unknown key, did you mean "tls"?',
    'server.threads (line 1): unknown key',
  ],
  [
    'server: { address: "0.0.0.0:8080", port: 8080 }',
    'server.port (line 1): is given twice: here and in server.address',
  ],
  ['server: { address: ":8080" }', `server.address (line 1): ${host}`],
  ['server: { address: "1.2.3:80" }', `server.address (line 1): ${host}`],
  ['server: { address: "host:99999" }', `server.address (line 1): ${host}`],
  ['server: { address: "[1.2.3.4]:80" }', `server.address (line 1): ${host}`],
  ['server: { trusted_proxies: [10.0.0.0/33] }', `server.trusted_proxies[0] (line 1): ${block}`],
  ['server: { trusted_proxies: ["::1/129"] }', `server.trusted_proxies[0] (line 1): ${block}`],
  ['server: { trusted_proxies: ["::ffff:10.0.0.0/95"] }', `server.trusted_proxies[0] (line 1): ${block}`],
  [
    'server: { trusted_proxies: [10.0.0/8, proxy.local] }',
    `server.trusted_proxies[0] (line 1): ${block}`,
    `server.trusted_proxies[1] (line 1): ${block}`,
  ],
  ['server: { trusted_proxies: [10.0.0.1, 10.0.0.1] }', 'server.trusted_proxies[1] (line 1): repeats an earlier item'],
  [
    'server: { client_address_from: forwardd }',
    'server.client_address_from (line 1): must be one of x-forwarded-for, forwarded, proxy-protocol, did you mean "forwarded"?',
  ],
  [
    'server: { shutdown_timeout_seconds: 1 }\nshutdown: { timeout_seconds: 1 }',
    'shutdown.timeout_seconds (line 2): is given twice: here and as server.shutdown_timeout_seconds (line 1)',
  ],
  ['server: { limits: {} }\nlimits: {}', 'limits (line 2): is given twice: here and as server.limits (line 1)'],
  [
    'server: { request_timeout_seconds: 1 }\nlimits: { request_timeout_seconds: 1 }',
    'limits.request_timeout_seconds (line 2): is given twice: here and as server.request_timeout_seconds (line 1)',
  ],
  ['shutdown: { timeout_second: 1 }', 'shutdown.timeout_second (line 1): unknown key, did you mean "timeout_seconds"?'],
  ['shutdown: 30', 'shutdown (line 1): must be a section of settings, not a single value'],
  ['limits: { max_header_size: -1 }', 'limits.max_header_size (line 1): must be at least 256 bytes'],
  [
    'server: 1\nlimits: { max_header_size: 65536 }',
    'server (line 1): must be a section of settings, not a single value',
  ],
  ['metrics: { port: 8080 }', 'metrics.port (line 1): the public and the metrics listener cannot both have port 8080'],
  [
    'server: { address: "127.0.0.1:9090" }',
    'server.address (line 1): the public and the metrics listener cannot both have port 9090',
  ],
  ['cache: { enabled: true, cache_layers: [] }', 'cache.cache_layers (line 1): must name a tier while the cache is on'],
  [
    'cache: { enabled: true, cache_layers: [memory, memory] }',
    'cache.cache_layers[1] (line 1): repeats an earlier item',
  ],
  [
    'cache: { cache_layers: [memori] }',
    'cache.cache_layers[0] (line 1): must be one of memory, disk, redis, did you mean "memory"?',
  ],
  [
    'cache: { enabled: true, memory: { max_item_size_mb: 2, max_cache_size_mb: 1 } }',
    'cache.memory.max_item_size_mb (line 1): must not be above max_cache_size_mb (default 1024)',
  ],
  [
    'cache: { enabled: true, memory: { max_item_size_mb: 1025 } }',
    'cache.memory.max_item_size_mb (line 1): must not be above max_cache_size_mb (default 1024)',
  ],
]

for (const [settings, ...problems] of general) {
  test(`${settings.replaceAll('\n', ' ')} is refused`, () => {
    assert.deepEqual(problemsOf(`${settings}\n${oneBucket}`), problems)
  })
}

/** What stands where `buckets` should. */
const noBuckets: readonly (readonly [text: string, problem: string])[] = [
  ['logging: {}', 'buckets: is required'],
  ['buckets:', 'buckets (line 1): is required'],
  ['buckets: []', 'buckets (line 1): must not be empty'],
  ['buckets: {}', 'buckets (line 1): must be a list, not a map'],
  ['buckets: [5]', 'buckets[0] (line 1): must be a section of settings, not a single value'],
  ['buckets: [{ name: a, path_prefix: /a }]', 'buckets[0].s3 (line 1): is required'],
]

for (const [text, problem] of noBuckets) {
  test(`${text} is refused`, () => assert.deepEqual(problemsOf(text), [problem]))
}

test('nothing is wrong with values that do not go together in a section that is switched off', () => {
  const off = [
    'cache: { enabled: false, cache_layers: [], memory: { max_item_size_mb: 2, max_cache_size_mb: 1 } }',
    'cache:\n  enabled: false\n  memory:\n    max_cache_size_mb: ${GONE}',
    'metrics:\n  enabled: false\n  port: 8080\n  address: "${GONE}"',
    'metrics: { enabled: false, address: "h:1", port: 8080 }',
  ]
  for (const settings of off) assert.deepEqual(problemsOf(`${settings}\n${oneBucket}`), [])
  assert.deepEqual(problemsOf(`${oneBucket}    cache:\n      enabled: false\n      max_item_size_mb: \${GONE}`), [])
})

test('what is wrong in itself stays wrong in a section that is switched off', () => {
  const settings = 'cache: { enabled: false, memory: { max_cache_size_mb: -1 }, typo: 1 }'
  assert.equal(problemsOf(`${settings}\n${oneBucket}`).length, 2)
})

test('a cache that one bucket switches on is checked like one that is on', () => {
  const text = `cache:\n  memory:\n    max_cache_size_mb: \${GONE}\n  enabled: false\n${oneBucket}    cache: { enabled: true }`
  assert.deepEqual(problemsOf(text), [
    'cache.memory.max_cache_size_mb (line 3): the environment variable GONE must be set',
  ])
})

test('an older place beside a section with an empty value is read all the same', () => {
  const text = `server:\nlimits: { max_header_size: 1 }\n${oneBucket}`
  assert.deepEqual(problemsOf(text), ['limits.max_header_size (line 2): must be at least 256 bytes'])
})

test('bounds that meet are within each other', () => {
  const memory = 'enabled: true, memory: { max_item_size_mb: 5, max_cache_size_mb: 5 }'
  assert.deepEqual(problemsOf(`cache: { ${memory} }\n${oneBucket}`), [])
})

test('listeners may share a port only on addresses of their own', () => {
  const both = (main: string, metrics: string) =>
    problemsOf(`server: { address: "${main}" }\nmetrics: { address: "${metrics}" }\n${oneBucket}`).length
  assert.equal(both('127.0.0.1:80', '127.0.0.2:80'), 0)
  assert.equal(both('127.0.0.1:0', '127.0.0.1:0'), 0)
  assert.equal(both('127.0.0.1:80', '127.0.0.1:80'), 1)
  assert.equal(both('127.0.0.1:80', '[::]:80'), 1)
  assert.equal(both('0.0.0.0:80', '127.0.0.1:80'), 1)
})

test('one mistake is told once', () => {
  const text = `cache: { enabled: true, memory: { max_item_size_mb: 20, max_cache_size_mb: "10" } }\n${oneBucket}`
  assert.equal(problemsOf(text).length, 1)
})

test('every problem of a file is told at once, in the order of its lines', () => {
  const text = `logging: { level: inof }\n${oneBucket.replace('/products', 'products').replace('us-east-1', '${GONE}')}metrics: { port: x }\n`
  assert.deepEqual(
    problemsOf(text.replace('region: ${GONE}', 'region: "${GONE}"')).map((line) => line.split(':')[0]),
    [
      'logging.level (line 1)',
      'buckets[0].path_prefix (line 4)',
      'buckets[0].s3.region (line 5)',
      'metrics.port (line 6)',
    ],
  )
})

test('a setting that works but helps nobody is warned about', () => {
  assert.deepEqual(warningsOf(`server: { client_address_from: proxy-protocol }\n${oneBucket}`), [
    'server.client_address_from (line 1): has no effect: trusted_proxies names nobody who may speak it',
  ])
  assert.deepEqual(warningsOf(`server: { trusted_proxies: [0.0.0.0/0] }\n${oneBucket}`), [
    'server.trusted_proxies[0] (line 1): trusts every address, so that any client can claim any other',
  ])
  assert.deepEqual(warningsOf(`cache: { enabled: true }\n${oneBucket}    cache: { enabled: false }`), [
    'cache.enabled (line 1): has no effect: every bucket switches it off',
  ])
  assert.deepEqual(warningsOf(oneBucket), [])
})
