// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${…}` is what config files hold
import assert from 'node:assert/strict'
import test from 'node:test'
import { configOf, oneBucket, problemsOf, warningsOf } from './parse-yaml.ts'

const proxy = (settings: string) => `rate_limiting: { ${settings} }\n${oneBucket}`
const own = (settings: string) => `    rate_limit: { ${settings} }\n`
const redis = 'cache: { redis: { redis_url: "redis://h", key_prefix: "p:", operation_timeout_ms: 7 } }\n'
const none = { global: undefined, perIp: undefined, perUser: undefined }

test('limits of the proxy are on when they are switched on, and a burst is at least a second’s worth', () => {
  const limits = 'global: { requests_per_second: 100 }, per_ip: { requests_per_second: 0.5, burst_size: 3 }'
  assert.deepEqual(configOf(proxy(`enabled: true, ${limits}, per_user: { requests_per_second: 2.1 }`)).rateLimiting, {
    algorithm: 'token_bucket',
    windowMs: 1000,
    redis: undefined,
    global: { requestsPerSecond: 100, burst: 100 },
    perIp: { requestsPerSecond: 0.5, burst: 3 },
    perUser: { requestsPerSecond: 2.1, burst: 3 },
  })
  assert.equal(configOf(proxy(limits)).rateLimiting, undefined)
  assert.equal(configOf(proxy(`enabled: false, ${limits}`)).rateLimiting, undefined)
})

test('limits of a bucket are on by being there, and counted as the top level says', () => {
  const counting = 'algorithm: sliding_window, window_seconds: 2.5, global: { requests_per_second: 9 }'
  const bucket = `${oneBucket}${own('global: { requests_per_second: 5 }, per_user: { requests_per_second: 1, burst_size: 2 }')}`
  for (const above of ['', `rate_limiting: { ${counting} }\n`, `rate_limiting: { enabled: false, ${counting} }\n`]) {
    const config = configOf(`${above}${bucket}`)
    const [algorithm, windowMs] = above === '' ? ['token_bucket', 1000] : ['sliding_window', 2500]
    assert.deepEqual(config.rateLimiting, { algorithm, windowMs, redis: undefined, ...none })
    assert.deepEqual(config.buckets[0]?.rateLimits, {
      global: { requestsPerSecond: 5, burst: 5 },
      perIp: undefined,
      perUser: { requestsPerSecond: 1, burst: 2 },
    })
  }
})

test('limits are shared through the Redis of the cache, whether or not its tier is on', () => {
  const shared = 'rate_limiting: { enabled: true, backend: redis, global: { requests_per_second: 5 } }\n'
  for (const tier of ['', 'enabled: false, ', 'enabled: true, ']) {
    const text = `${redis.replace('redis: { ', `redis: { ${tier}`)}${shared}${oneBucket}`
    const { rateLimiting, layers } = configOf(text)
    assert.deepEqual(layers, [])
    assert.equal(rateLimiting?.redis?.keyPrefix, 'p:')
    assert.deepEqual(rateLimiting?.redis?.options.urls, ['redis://h'])
    assert.equal(rateLimiting?.redis?.options.operationTimeoutMs, 7)
  }
  const off = configOf(`${redis}rate_limiting: { backend: redis }\n${oneBucket}`)
  assert.equal(off.rateLimiting, undefined)
})

const least = 'must be at least 0.00001'
const refused: readonly (readonly [text: string, ...problems: string[]])[] = [
  [proxy('enabled: true, global: {}'), 'rate_limiting.global.requests_per_second (line 1): is required'],
  [
    proxy('enabled: true, global: 5'),
    'rate_limiting.global (line 1): must be a section of settings, not a single value',
  ],
  [
    proxy('enabled: true, per_ip: { requests_per_second: 0 }'),
    `rate_limiting.per_ip.requests_per_second (line 1): ${least}`,
  ],
  [
    proxy('enabled: true, per_user: { requests_per_second: -1 }'),
    `rate_limiting.per_user.requests_per_second (line 1): ${least}`,
  ],
  [
    proxy('enabled: true, global: { requests_per_second: 1, burst_size: 0 }'),
    'rate_limiting.global.burst_size (line 1): must be at least 1',
  ],
  [
    proxy('enabled: true, global: { requests_per_second: 1, burst_size: 1.5 }'),
    'rate_limiting.global.burst_size (line 1): must be a whole number',
  ],
  [proxy('algorithm: leaky'), 'rate_limiting.algorithm (line 1): must be one of token_bucket, sliding_window'],
  [proxy('backend: memory'), 'rate_limiting.backend (line 1): must be one of local, redis'],
  [proxy('window_seconds: 0'), 'rate_limiting.window_seconds (line 1): must be at least 0.001'],
  [proxy('per_bucket: {}'), 'rate_limiting.per_bucket (line 1): unknown key'],
  [`${oneBucket}${own('enabled: true')}`, 'buckets[0].rate_limit.enabled (line 5): unknown key'],
  [`${oneBucket}${own('per_ip: {}')}`, 'buckets[0].rate_limit.per_ip.requests_per_second (line 5): is required'],
  [
    proxy('enabled: true, backend: redis, global: { requests_per_second: 1 }'),
    'rate_limiting.backend (line 1): is redis, which needs cache.redis.redis_url or cache.redis.sentinel',
  ],
  [
    `rate_limiting: { backend: redis }\n${oneBucket}${own('global: { requests_per_second: 1 }')}`,
    'rate_limiting.backend (line 1): is redis, which needs cache.redis.redis_url or cache.redis.sentinel',
  ],
  [
    `cache: { redis: { sentinel: { hosts: [h] } } }\n${proxy('enabled: true, backend: redis, global: { requests_per_second: 1 }')}`,
    'cache.redis.sentinel.master_name (line 1): is required beside hosts',
  ],
  [
    `cache: { redis: { redis_url: "redis://h", tls: { ca_path: /gone } } }\n${proxy('enabled: true, backend: redis, global: { requests_per_second: 1 }')}`,
    'cache.redis.tls.ca_path (line 1): cannot be read: ENOENT',
  ],
]

for (const [text, ...problems] of refused) {
  test(`${text.replaceAll('\n', ' ').replaceAll(/\s+/g, ' ')} is refused`, () =>
    assert.deepEqual(problemsOf(text), problems))
}

test('variables of a section that is off are needed by whoever uses it all the same', () => {
  const limit = 'rate_limiting:\n  enabled: true\n  backend: redis\n  global: { requests_per_second: 1 }\n'
  const cache = 'cache:\n  redis:\n    redis_url: ${GONE}\n    '
  for (const enabled of ['', 'enabled: false', 'enabled: true']) {
    const text = `${cache}${enabled}\n${limit}${oneBucket}`
    assert.deepEqual(problemsOf(text), ['cache.redis.redis_url (line 3): the environment variable GONE must be set'])
    assert.deepEqual(problemsOf(`${cache}${enabled}\n${oneBucket}`), [])
  }
  const counting =
    'rate_limiting:\n  enabled: false\n  window_seconds: ${GONE}\n  global:\n    requests_per_second: ${GONE}\n'
  assert.deepEqual(problemsOf(`${counting}${oneBucket}`), [])
  assert.deepEqual(problemsOf(`${counting}${oneBucket}${own('global: { requests_per_second: 1 }')}`), [
    'rate_limiting.window_seconds (line 3): the environment variable GONE must be set',
  ])
})

test('limits that nobody has switched on are warned about', () => {
  const off = 'rate_limiting (line 1): has no effect without enabled: true'
  assert.deepEqual(warningsOf(proxy('per_ip: { requests_per_second: 1 }')), [off])
  assert.deepEqual(
    warningsOf(proxy('global: { requests_per_second: 1 }') + own('per_ip: { requests_per_second: 1 }')),
    [off],
  )
  assert.deepEqual(warningsOf(proxy('enabled: false, per_ip: { requests_per_second: 1 }')), [])
  assert.deepEqual(warningsOf(proxy('algorithm: token_bucket')), [])
})

test('limits that limit nothing are warned about', () => {
  const nothing = 'limits nothing: it says none of global, per_ip and per_user'
  assert.deepEqual(warningsOf(proxy('enabled: true')), [`rate_limiting (line 1): ${nothing}`])
  assert.deepEqual(warningsOf(`${oneBucket}${own('')}`), [`buckets[0].rate_limit (line 5): ${nothing}`])
  assert.deepEqual(warningsOf(`${oneBucket}    rate_limit:\n`), [`buckets[0].rate_limit (line 5): ${nothing}`])
  assert.deepEqual(warningsOf(proxy('enabled: true, window_seconds: 2, global: { requests_per_second: 1 }')), [
    'rate_limiting.window_seconds (line 1): has no effect: a token bucket has no window',
  ])
  assert.deepEqual(warningsOf(proxy('enabled: true, per_user: { requests_per_second: 1 }')), [
    'rate_limiting.per_user (line 1): has no effect: no bucket asks for a token',
  ])
  const user = own('per_user: { requests_per_second: 1 }')
  assert.deepEqual(warningsOf(`${oneBucket}${user}`), [
    'buckets[0].rate_limit.per_user (line 5): has no effect: the bucket asks for no token',
  ])
  assert.deepEqual(warningsOf(`${oneBucket}    jwt: { jwks_url: "https://k.example" }\n${user}`), [])
})
