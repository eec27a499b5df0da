// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${…}` is what config files hold
import assert from 'node:assert/strict'
import test from 'node:test'
import { configOf, oneBucket, originOf, problemsOf } from './parse-yaml.ts'

const keepAlive = (value: string, env = {}) =>
  configOf(`server: { keep_alive_timeout_seconds: ${value} }\n${oneBucket}`, env).server.keepAliveTimeoutMs
const memoryBytes = (value: string, env = {}) => {
  const text = `cache:\n  enabled: true\n  memory:\n    max_cache_size_mb: ${value}\n${oneBucket}`
  const [memory] = configOf(text, env).layers
  return memory?.kind === 'memory' ? memory.options.maxBytes : undefined
}
const metricsOn = (value: string, env = {}) =>
  configOf(`metrics:\n  enabled: ${value}\n${oneBucket}`, env).metrics !== undefined

test('durations are numbers, fractions included', () => {
  assert.equal(keepAlive('5'), 5000)
  assert.equal(keepAlive('0.25'), 250)
  assert.equal(keepAlive('1e2'), 100_000)
})

test('sizes are megabytes or text with a unit', () => {
  assert.equal(memoryBytes('64'), 64 * 1024 * 1024)
  assert.equal(memoryBytes('"512MB"'), 512 * 1024 * 1024)
  assert.equal(memoryBytes('2 GiB'), 2 * 1024 ** 3)
  assert.equal(memoryBytes('1.5mb'), 1.5 * 1024 * 1024)
  assert.equal(memoryBytes('100B'), 100)
})

test('one unquoted variable takes the type of its key', () => {
  assert.equal(
    configOf(`server:\n  keep_alive_timeout_seconds: \${T}\n${oneBucket}`, { T: '5' }).server.keepAliveTimeoutMs,
    5000,
  )
  assert.equal(memoryBytes('${SIZE:-64}'), 64 * 1024 * 1024)
  assert.equal(memoryBytes('${SIZE}', { SIZE: '1GB' }), 1024 ** 3)
  assert.equal(metricsOn('${ON}', { ON: 'false' }), false)
  assert.equal(metricsOn('${ON}', { ON: 'True' }), true)
})

test('a variable that is empty leaves the default', () => {
  assert.equal(metricsOn('${ON:-}'), true)
  assert.equal(memoryBytes('${SIZE}', { SIZE: '' }), 1024 ** 3)
})

test('text that looks like a number stays text where text is wanted', () => {
  const text = oneBucket.replace('region: us-east-1', 'region: "${R}"').replace('my-products', '"${B:-0123}"')
  const { region, bucket } = originOf(text, { R: '42' })
  assert.deepEqual([region, bucket], ['42', '0123'])
})

const wrong: readonly (readonly [setting: string, problem: string, env?: Record<string, string>])[] = [
  ['server: { port: "8080" }', 'server.port (line 1): must be a whole number, without quotes'],
  ['server: { port: 80.5 }', 'server.port (line 1): must be a whole number'],
  ['server: { port: -1 }', 'server.port (line 1): must be at least 0'],
  ['server: { port: 65536 }', 'server.port (line 1): must be at most 65535'],
  ['server: { port: .inf }', 'server.port (line 1): must be a whole number'],
  ['server: { port: [80] }', 'server.port (line 1): must be a whole number, not a list'],
  ['server:\n  port: ${P}', 'server.port (line 2): must be a whole number', { P: 'eighty' }],
  ['server:\n  port: "${P}"', 'server.port (line 2): must be a whole number, without quotes', { P: '80' }],
  ['server:\n  port: 8${P}', 'server.port (line 2): must be a whole number, without quotes', { P: '0' }],
  ['server:\n  port: ${P}', 'server.port (line 2): the environment variable P must be set'],
  ['server:\n  port: ${P', 'server.port (line 2): a `${` has no closing `}`; write `$${` for a literal `${`'],
  [
    'server: { keep_alive_timeout_seconds: 30s }',
    'server.keep_alive_timeout_seconds (line 1): must be a number of seconds',
  ],
  ['server: { keep_alive_timeout_seconds: 0 }', 'server.keep_alive_timeout_seconds (line 1): must be at least 0.001'],
  ['server: { request_timeout_seconds: 1e9 }', 'server.request_timeout_seconds (line 1): must be at most 2147483'],
  ['server: 8080', 'server (line 1): must be a section of settings, not a single value'],
  ['server: { trusted_proxies: 10.0.0.1 }', 'server.trusted_proxies (line 1): must be a list, not a single value'],
  ['server:\n  trusted_proxies:\n    - 10.0.0.1\n    -', 'server.trusted_proxies[1] (line 4): must be text'],
  [
    'server: { limits: { max_header_size: 1KB, max_uri_length: 1KB } }',
    'server.limits.max_uri_length (line 1): must be a whole number',
  ],
  ['metrics: { enabled: yes }', 'metrics.enabled (line 1): must be true or false'],
  ['metrics: { enabled: "true" }', 'metrics.enabled (line 1): must be true or false, without quotes'],
  ['metrics: { enabled: 1 }', 'metrics.enabled (line 1): must be true or false'],
  ['logging: { level: 30 }', 'logging.level (line 1): must be one of trace, debug, info, warn, error, fatal, silent'],
  ['logging: { format: jsn }', 'logging.format (line 1): must be one of json, pretty, did you mean "json"?'],
  [
    'cache: { memory: { max_cache_size_mb: "512" } }',
    'cache.memory.max_cache_size_mb (line 1): must be a whole number of megabytes or a size such as "512MB"',
  ],
  [
    'cache: { memory: { max_cache_size_mb: 0.5 } }',
    'cache.memory.max_cache_size_mb (line 1): must be a whole number of megabytes or a size such as "512MB"',
  ],
  ['cache: { memory: { max_cache_size_mb: 0 } }', 'cache.memory.max_cache_size_mb (line 1): must be at least 1 byte'],
  ['cache: { memory: { max_cache_size_mb: -5 } }', 'cache.memory.max_cache_size_mb (line 1): must be at least 1 byte'],
  [
    'cache: { memory: { default_ttl_seconds: origni } }',
    'cache.memory.default_ttl_seconds (line 1): must be a number of seconds, or origin, did you mean "origin"?',
  ],
  [
    'cache: { memory: { default_ttl_seconds: "60" } }',
    'cache.memory.default_ttl_seconds (line 1): must be a number of seconds, or origin',
  ],
  ['cache: { memory: { default_ttl_seconds: -1 } }', 'cache.memory.default_ttl_seconds (line 1): must be at least 0'],
  [
    'cache: { memory: { default_ttl_seconds: {} } }',
    'cache.memory.default_ttl_seconds (line 1): must be a number of seconds, or origin, not a map',
  ],
  ['cache: { negative_ttl_seconds: -1 }', 'cache.negative_ttl_seconds (line 1): must be at least 0'],
  [
    'cache: { request_directives: honor }',
    'cache.request_directives (line 1): must be one of honour, ignore, did you mean "honour"?',
  ],
]

for (const [setting, problem, env] of wrong) {
  test(`${setting.replaceAll('\n', ' ')} is refused`, () => {
    assert.deepEqual(problemsOf(`${setting}\n${oneBucket}`, env), [problem])
  })
}

test('an unset variable in a list item is told with its place', () => {
  const text = `server:\n  trusted_proxies:\n    - 10.0.0.1\n    - "\${PROXY}"\n${oneBucket}`
  assert.deepEqual(problemsOf(text), ['server.trusted_proxies[1] (line 4): the environment variable PROXY must be set'])
})
