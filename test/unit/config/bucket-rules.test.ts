// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${…}` is what config files hold
import assert from 'node:assert/strict'
import test from 'node:test'
import { problemsOf } from './parse-yaml.ts'

const s3 = '{ bucket: my-products, region: us-east-1 }'
const bucket = (rest: string) => `buckets:\n  - name: a\n    path_prefix: /a\n    ${rest}\n`
const withS3 = (settings: string) => bucket(`s3: { bucket: my-products, region: us-east-1, ${settings} }`)
const withPrefix = (prefix: string) => `buckets:\n  - name: a\n    path_prefix: ${prefix}\n    s3: ${s3}\n`
const withMore = (settings: string) => bucket(`s3: ${s3}\n    ${settings}`)

const url = 'must be an http or https URL of scheme, host and port only, such as https://s3.example.com:9000'
const origin = 'must be * or an origin, such as https://app.example.com, without a path'

const cases: readonly (readonly [text: string, ...problems: string[]])[] = [
  [withPrefix('a'), 'path_prefix (line 3): must start with /'],
  [withPrefix('/a/'), 'path_prefix (line 3): must not end with /'],
  [withPrefix('/a//b'), 'path_prefix (line 3): must not hold an empty segment'],
  [withPrefix('/a/../b'), 'path_prefix (line 3): must not hold . or .. segments'],
  [withPrefix('/a%2Fb'), 'path_prefix (line 3): must be written without percent-encoding'],
  [withPrefix('/a?b'), 'path_prefix (line 3): holds a character that a plain URL path cannot hold'],
  [withPrefix('/ä'), 'path_prefix (line 3): holds a character that a plain URL path cannot hold'],
  [withPrefix('/admin'), 'path_prefix (line 3): /admin is reserved'],
  [withPrefix('/health/x'), 'path_prefix (line 3): /health is reserved'],
  [withPrefix('/ready'), 'path_prefix (line 3): /ready is reserved'],
  [withPrefix('/metrics'), 'path_prefix (line 3): /metrics is reserved'],
  [withPrefix('""'), 'path_prefix (line 3): is required'],
  [withMore('host: a'), 'host (line 5): unknown key, did you mean "hosts"?'],
  [
    withMore('hosts: ["a.example:80"]'),
    'hosts[0] (line 5): must be a host name without a port, such as assets.example.com',
  ],
  [withMore('hosts: [""]'), 'hosts[0] (line 5): is required'],
  [withS3('endpoint: "http://h:9000/path"'), `s3.endpoint (line 4): ${url}`],
  [withS3('endpoint: "http://h?x"'), `s3.endpoint (line 4): ${url}`],
  [withS3('endpoint: "http://key:hunter2@h"'), `s3.endpoint (line 4): ${url}`],
  [withS3('endpoint: "h:9000"'), `s3.endpoint (line 4): ${url}`],
  [withS3('endpoint: "http://h:99999"'), 's3.endpoint (line 4): must be a valid URL'],
  [withS3('access_key: AK'), 's3.access_key (line 4): needs secret_key beside it'],
  [withS3('secret_key: SK, access_key: ""'), 's3.secret_key (line 4): needs access_key beside it'],
  [withS3('session_token: T'), 's3.session_token (line 4): needs access_key and secret_key beside it'],
  [
    withS3('anonymous: true, access_key: AK, secret_key: SK'),
    's3.anonymous (line 4): excludes access_key, secret_key and session_token',
  ],
  [withS3('secret_key: "hunter2 "'), 's3.secret_key (line 4): must hold no spaces, line ends or control characters'],
  [withS3('connection_pool_size: 0'), 's3.connection_pool_size (line 4): must be at least 1'],
  [withS3('timeout_seconds: -1'), 's3.timeout_seconds (line 4): must be at least 0.001'],
  [withS3('retry: { max_attempts: 0 }'), 's3.retry.max_attempts (line 4): must be at least 1'],
  [
    withS3('retry: { initial_backoff_ms: 2000 }'),
    's3.retry.initial_backoff_ms (line 4): must not be above max_backoff_ms (default 1000)',
  ],
  [
    bucket('s3: { bucket: My_Products, region: us-east-1 }'),
    's3.bucket (line 4): cannot be part of a host name; set force_path_style: true',
  ],
  [
    bucket('s3: { bucket: a/b, region: us east }'),
    's3.bucket (line 4): must be the name of an S3 bucket: letters, digits, dots, underscores and hyphens',
    's3.region (line 4): must be a region, such as eu-central-1',
  ],
  [withMore('cors: passthru'), 'cors (line 5): must be a section of settings, or passthrough'],
  [withMore('cors: {}'), 'cors.allowed_origins (line 5): is required'],
  [withMore('cors: { allowed_origins: [] }'), 'cors.allowed_origins (line 5): must not be empty'],
  [withMore('cors: { allowed_origins: ["https://a.example/x"] }'), `cors.allowed_origins[0] (line 5): ${origin}`],
  [withMore('cors: { allowed_origins: ["https://*.example"] }'), `cors.allowed_origins[0] (line 5): ${origin}`],
  [
    withMore('cors: { allowed_origins: ["*"], allow_credentials: true }'),
    'cors.allow_credentials (line 5): cannot be true while allowed_origins holds *',
  ],
  [
    withMore('cors: { allowed_origins: ["*"], allowed_methods: [PUT] }'),
    'cors.allowed_methods[0] (line 5): must be one of GET, HEAD, OPTIONS',
  ],
  [
    withMore('cors: { allowed_origins: ["*"], allowed_headers: ["a b"] }'),
    'cors.allowed_headers[0] (line 5): must be the name of a header field',
  ],
  [withMore('headers: { add: { "a b": x } }'), 'headers.add."a b" (line 5): must be the name of a header field'],
  [
    withMore('headers: { add: { Connection: close } }'),
    'headers.add.Connection (line 5): belongs to one connection and cannot be set here',
  ],
  [
    withMore('headers: { add: { Content-Length: "1" } }'),
    'headers.add.Content-Length (line 5): is set by the proxy alone',
  ],
  [
    withMore('headers: { add: { X-A: "a", x-a: "b" } }'),
    'headers.add.x-a (line 5): names the same field as buckets[0].headers.add.X-A',
  ],
  [
    withMore('headers: { add: { X-A: "a\\nX-B: b" } }'),
    'headers.add.X-A (line 5): must be text that a header field can hold: no line ends, control characters, or spaces at either end',
  ],
  [withMore('headers: { add: { X-A: 1 } }'), 'headers.add.X-A (line 5): must be text; put it in quotes'],
  [withMore('headers: { add: { X-A: "" } }'), 'headers.add.X-A (line 5): is required'],
  [withMore('headers: { add: [X-A] }'), 'headers.add (line 5): must be a map of header names and values, not a list'],
  [
    withMore('headers: { remove: [Transfer-Encoding] }'),
    'headers.remove[0] (line 5): belongs to one connection and cannot be set here',
  ],
  ...['Authorization', 'Cookie', 'Host', 'Range', 'If-None-Match', 'Forwarded', 'X-Forwarded-For', 'x-amz-date'].map(
    (name) =>
      [
        withMore(`headers: { forward: [${name}] }`),
        'headers.forward[0] (line 5): is never sent to the origin',
      ] as const,
  ),
  [withMore('cache: { query: al }'), 'cache.query (line 5): must be a section of settings, or ignore or all'],
  [
    withMore('cache: { query: ignroe }'),
    'cache.query (line 5): must be a section of settings, or ignore or all, did you mean "ignore"?',
  ],
  [withMore('cache: { query: { include: [] } }'), 'cache.query.include (line 5): must not be empty'],
  [
    withMore('cache: { query: { include: ["a=b"] } }'),
    'cache.query.include[0] (line 5): must be the name of a query parameter',
  ],
  [withMore('cache: { ttl_seconds: -1 }'), 'cache.ttl_seconds (line 5): must be at least 0'],
  [
    withMore('cache: { downstream_cache_control: "a\\r\\nb" }'),
    'cache.downstream_cache_control (line 5): must be text that a header field can hold: no line ends, control characters, or spaces at either end',
  ],
]

for (const [text, ...problems] of cases) {
  test(`${text.slice(text.indexOf('path_prefix')).trim().replaceAll(/\s+/g, ' ')} is refused`, () => {
    assert.deepEqual(
      problemsOf(text),
      problems.map((problem) => `buckets[0].${problem}`),
    )
  })
}

const buckets = (...items: readonly string[]) =>
  `buckets:\n${items.map((item) => `  - { ${item}, s3: ${s3} }\n`).join('')}`

test('a bucket name has one form and one owner', () => {
  const form = 'must be 1 to 64 letters, digits, dots, underscores or hyphens'
  assert.deepEqual(problemsOf(buckets('name: "a b", path_prefix: /a', `name: ${'x'.repeat(65)}, path_prefix: /b`)), [
    `buckets[0].name (line 2): ${form}`,
    `buckets[1].name (line 3): ${form}`,
  ])
  assert.deepEqual(problemsOf(buckets('name: a, path_prefix: /a', 'name: a, path_prefix: /b')), [
    'buckets[1].name (line 3): repeats buckets[0].name; it is the cache key, so each bucket needs its own',
  ])
})

test('a path prefix may repeat only for another host', () => {
  const repeated = (...items: readonly string[]) =>
    problemsOf(buckets(...items.map((item, index) => `name: b${index}, path_prefix: ${item}`)))
  assert.deepEqual(repeated('/a', '/a'), ['buckets[1].path_prefix (line 3): repeats buckets[0].path_prefix'])
  assert.deepEqual(repeated('/', '/'), ['buckets[1].path_prefix (line 3): repeats buckets[0].path_prefix'])
  assert.deepEqual(repeated('/a, hosts: [x.org, y.org]', '/a, hosts: [z.org, Y.org]'), [
    'buckets[1].path_prefix (line 3): repeats buckets[0].path_prefix for host y.org',
  ])
  assert.deepEqual(repeated('/a', '/a, hosts: [x.org]', '/a, hosts: [y.org]', '/b', '/A'), [])
})

test('a host that is wrong in itself repeats nothing', () => {
  const found = problemsOf(buckets('name: a, path_prefix: /a', 'name: b, path_prefix: /a, hosts: ["b:1"]'))
  assert.equal(found.length, 1)
})

test('messages never hold what a setting holds', () => {
  const secret = 'hunter2'
  const keys = [
    'endpoint',
    'access_key',
    'secret_key',
    'session_token',
    'region',
    'bucket',
    'anonymous',
    'timeout_seconds',
  ]
  for (const key of keys) {
    const text = `buckets:\n  - name: "\${S}"\n    path_prefix: "\${S}"\n    hosts: ["\${S}"]\n    s3:\n      ${key}: \${S}\n`
    const found = problemsOf(text, { S: `http://${secret} \n@${secret}` }).join('\n')
    assert.ok(found.includes(`s3.${key}`), found)
    assert.ok(!found.includes(secret), found)
  }
})
