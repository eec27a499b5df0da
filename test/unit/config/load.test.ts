// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${…}` is what config files hold
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { check } from '../../../src/cli/check.ts'
import { loadConfig } from '../../../src/config/load.ts'
import { configOf, oneBucket, originOf } from './parse-yaml.ts'

test('what a file does not say has its default', () => {
  const { buckets, ...rest } = configOf(oneBucket)
  assert.deepEqual(rest, {
    server: {
      host: '0.0.0.0',
      port: 8080,
      trustedProxies: [],
      clientAddressFrom: 'x-forwarded-for',
      tls: undefined,
      workers: 1,
      maxConcurrentRequests: 10_000,
      queueSize: 0,
      memory: {
        ...{ budgetBytes: undefined, tierBytes: 0, indexBytes: undefined },
        ...{ accessBytes: 0, verifierBytes: 16 * 2 ** 20 },
      },
      keepAliveTimeoutMs: 75_000,
      requestTimeoutMs: 30_000,
      shutdownTimeoutMs: 30_000,
      maxHeaderBytes: 16_384,
      maxUriLength: 8192,
      maxRequestBodyBytes: 0,
    },
    configWatch: false,
    metrics: { host: '0.0.0.0', port: 9090 },
    admin: undefined,
    logging: { level: 'info', format: 'json' },
    observability: {
      tracing: undefined,
      requestLogging: undefined,
      slowRequests: undefined,
      prices: { per1000Requests: 0.0004, perGb: 0.09 },
    },
    audit: undefined,
    webhooks: [],
    warming: { concurrency: 10, requestsPerSecond: 100, onStart: [], schedule: [] },
    layers: [],
    rateLimiting: undefined,
  })
  assert.deepEqual(buckets, [
    {
      name: 'products',
      pathPrefix: '/products',
      hosts: [],
      s3: {
        replicas: [
          {
            name: '',
            bucket: 'my-products',
            region: 'us-east-1',
            endpoint: undefined,
            credentials: { kind: 'default-chain' },
            forcePathStyle: false,
            connections: 50,
            timeoutMs: 20_000,
          },
        ],
        retry: { maxAttempts: 3, initialBackoffMs: 100, maxBackoffMs: 1000 },
        breaker: { failureThreshold: 5, successThreshold: 2, openForMs: 30_000, maxProbes: 3 },
        hedging: undefined,
      },
      access: { jwt: undefined, claims: [], ipAllowlist: [], ipBlocklist: [] },
      admin: undefined,
      rateLimits: { global: undefined, perIp: undefined, perUser: undefined },
      policy: {
        enabled: false,
        ttlMs: 3_600_000,
        negativeTtlMs: 10_000,
        staleWhileRevalidateMs: 0,
        staleIfErrorMs: 0,
        respectOrigin: true,
        requestDirectives: 'honour',
        revalidate: 'ttl',
        maxObjectBytes: Number.POSITIVE_INFINITY,
        sliceBytes: 1_048_576,
      },
      query: { keep: 'none' },
      downstreamCacheControl: undefined,
      cors: undefined,
      headers: { add: [], remove: [], forward: [] },
    },
  ])
})

test('settings in older places stay beside those in today’s', () => {
  const text = `server: { limits: { request_timeout_seconds: 3, max_uri_length: 100 }, port: 1 }\n${oneBucket}`
  const { server } = configOf(text)
  assert.deepEqual([server.requestTimeoutMs, server.maxUriLength, server.port], [3000, 100, 1])
})

test('addresses are read in every form', () => {
  const at = (settings: string) => {
    const { host, port } = configOf(`server: { ${settings} }\n${oneBucket}`).server
    return `${host} ${port}`
  }
  assert.equal(at('address: "127.0.0.1:0"'), '127.0.0.1 0')
  assert.equal(at('address: "[::]:8080"'), ':: 8080')
  assert.equal(at('address: "[::1]"'), '::1 8080')
  assert.equal(at('address: "::1", port: 81'), '::1 81')
  assert.equal(at('address: "h:65535"'), 'h 65535')
  assert.equal(at('address: localhost'), 'localhost 8080')
  assert.equal(at('address: "", port: 82'), '0.0.0.0 82')
})

test('a bucket inherits the cache settings key by key', () => {
  const text = `cache:
  enabled: true
  memory: { default_ttl_seconds: origin, max_cache_size_mb: 5, eviction: lru }
  negative_ttl_seconds: 1
  revalidate: always
buckets:
  - { name: a, path_prefix: /a, s3: &s3 { bucket: a, region: r } }
  - { name: b, path_prefix: /b, s3: *s3, cache: { ttl_seconds: 0, negative_ttl_seconds: 2, max_item_size_mb: 3 } }
  - { name: c, path_prefix: /c, s3: *s3, cache: { enabled: false, query: all } }
`
  const config = configOf(text)
  const [a, b, c] = config.buckets.map(({ policy }) => policy)
  assert.deepEqual([a?.ttlMs, b?.ttlMs, c?.ttlMs], ['origin', 0, 'origin'])
  assert.deepEqual([a?.negativeTtlMs, b?.negativeTtlMs], [1000, 2000])
  assert.deepEqual([a?.maxObjectBytes, b?.maxObjectBytes], [Number.POSITIVE_INFINITY, 3 * 1024 * 1024])
  assert.deepEqual([a?.enabled, b?.enabled, c?.enabled], [true, true, false])
  assert.ok([a, b, c].every((policy) => policy?.revalidate === 'always'))
  const options = { maxBytes: 5 * 1024 * 1024, maxItemBytes: 5 * 1024 * 1024, eviction: 'lru' }
  assert.deepEqual(config.layers, [{ kind: 'memory', options }])
})

test('a bucket may say no, zero and never where the global settings say otherwise', () => {
  const cache = (settings: string) => `cache: { ${settings} }`
  const global =
    'respect_origin: true, stale_if_error_seconds: 9, stale_while_revalidate_seconds: 9, negative_ttl_seconds: 9'
  const own =
    'respect_origin: false, stale_if_error_seconds: 0, stale_while_revalidate_seconds: 0, negative_ttl_seconds: 0'
  const words = 'request_directives: ignore, revalidate: always'
  const policy = configOf(`${cache(`enabled: true, ${global}`)}\n${oneBucket}    ${cache(`${own}, ${words}`)}`)
    .buckets[0]?.policy
  assert.deepEqual(
    [policy?.respectOrigin, policy?.staleIfErrorMs, policy?.staleWhileRevalidateMs, policy?.negativeTtlMs],
    [false, 0, 0, 0],
  )
  assert.deepEqual([policy?.requestDirectives, policy?.revalidate], ['ignore', 'always'])
})

test('one bucket alone may cache', () => {
  assert.equal(configOf(`${oneBucket}    cache: { enabled: true }`).layers.length, 1)
})

test('credentials are static, anonymous, or found by AWS', () => {
  const credentials = (settings: string) =>
    originOf(oneBucket.replace('us-east-1', `us-east-1, ${settings}`), { E: '' }).credentials
  const keys = { kind: 'static', accessKeyId: 'AK', secretAccessKey: 'SK' }
  assert.deepEqual(credentials('access_key: AK, secret_key: SK'), keys)
  assert.deepEqual(credentials('access_key: AK, secret_key: SK, session_token: T'), { ...keys, sessionToken: 'T' })
  assert.deepEqual(credentials('anonymous: true'), { kind: 'anonymous' })
  assert.deepEqual(credentials('access_key: "${E}", secret_key: "${F:-}"'), { kind: 'default-chain' })
})

test('an endpoint makes path style the default', () => {
  const origin = (settings: string) => originOf(oneBucket.replace('us-east-1', `us-east-1, ${settings}`))
  assert.deepEqual(
    [origin('endpoint: "http://H:80/"').endpoint, origin('endpoint: "http://h"').forcePathStyle],
    ['http://h', true],
  )
  assert.equal(origin('endpoint: "http://h", force_path_style: false').forcePathStyle, false)
})

test('hosts, CORS, headers and query come in the form their owners want', () => {
  const bucket = configOf(`${oneBucket}    hosts: [A.Example.com]
    cors: { allowed_origins: ["HTTPS://App.Example:443", "app://X"], max_age_seconds: 5, allow_credentials: true }
    headers: { add: { X-One: "1", X-Two: "two three" }, remove: [X-Amz-Meta-A], forward: [Accept-Language] }
    cache: { query: { include: [v, versionId] }, downstream_cache_control: no-cache }
`).buckets[0]
  assert.deepEqual(bucket?.hosts, ['a.example.com'])
  assert.deepEqual(bucket?.cors, {
    allowedOrigins: ['https://app.example', 'app://x'],
    allowedMethods: ['GET', 'HEAD', 'OPTIONS'],
    allowedHeaders: [],
    exposedHeaders: [],
    maxAgeSeconds: 5,
    allowCredentials: true,
  })
  assert.deepEqual(bucket?.headers, {
    add: ['X-One', '1', 'X-Two', 'two three'],
    remove: ['x-amz-meta-a'],
    forward: ['accept-language'],
  })
  assert.deepEqual(bucket?.query, { keep: 'only', names: ['v', 'versionId'] })
  assert.equal(bucket?.downstreamCacheControl, 'no-cache')
  assert.equal(configOf(`${oneBucket}    cors: passthrough`).buckets[0]?.cors, 'passthrough')
  assert.deepEqual(configOf(`${oneBucket}    cache: { query: all }`).buckets[0]?.query, { keep: 'all' })
})

function fileWith(t: TestContext, content: string | Uint8Array): string {
  const folder = mkdtempSync(join(tmpdir(), 'yatagarasu-config-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'config.yaml')
  writeFileSync(file, content)
  return file
}

test('a file that cannot be read is a problem like any other', (t) => {
  const gone = join(fileWith(t, ''), 'gone.yaml')
  assert.deepEqual(loadConfig(gone, {}), {
    kind: 'problems',
    problems: [{ path: gone, message: 'cannot be read: ENOTDIR' }],
  })
  const latin = fileWith(t, Uint8Array.of(0x61, 0x3a, 0x20, 0xe4))
  assert.deepEqual(loadConfig(latin, {}), {
    kind: 'problems',
    problems: [{ path: latin, message: 'is not UTF-8 text' }],
  })
})

test('check prints what is wrong and says so with its exit code', (t) => {
  const run = (content: string) => {
    const lines: string[] = []
    const configFile = fileWith(t, content)
    const code = check({ configFile, env: {}, write: (line) => lines.push(line.replace(configFile, 'FILE')) })
    return [code, ...lines]
  }
  assert.deepEqual(run(`\ufeff${oneBucket}`), [0, 'FILE: ok'])
  assert.deepEqual(run(`server: { trusted_proxies: ["::/0"] }\n${oneBucket}`), [
    0,
    'warning: server.trusted_proxies[0] (line 1): trusts every address, so that any client can claim any other',
    'FILE: ok',
  ])
  assert.deepEqual(run(`serve: {}\n${oneBucket}`), [
    2,
    'serve (line 1): unknown key, did you mean "server"?',
    'FILE: 1 problem',
  ])
  assert.deepEqual(run(''), [2, 'FILE: the file is empty', 'FILE: 1 problem'])
})
