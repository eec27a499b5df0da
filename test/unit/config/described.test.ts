import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { stringify } from 'yaml'
import type { Described } from '../../../src/config/describe.ts'
import { parseConfig } from '../../../src/config/load.ts'
import { formatProblem } from '../../../src/config/problem.ts'
import { schema } from '../../../src/config/schema.ts'
import type { Setting, TextKind } from '../../../src/config/setting.ts'
import { configOf, oneBucket } from './parse-yaml.ts'

const read = (file: string) => readFileSync(join(import.meta.dirname, '../../..', file), 'utf8')
const env = { AWS_ACCESS_KEY_ID: 'AK', AWS_SECRET_ACCESS_KEY: 'SK' }

function describedOf(text: string): Described {
  const result = parseConfig(text, env)
  assert.deepEqual(result.kind === 'problems' ? result.problems.map(formatProblem) : [], [])
  return result.kind === 'config' ? result.described : {}
}

/** As much of it as `at` names. */
function partOf(described: unknown, ...at: readonly (string | number)[]): unknown {
  let part = described
  for (const step of at) part = (part as Readonly<Record<string, unknown>>)[step]
  return part
}

/** Inherits and derives whatever can be, and holds no secret. */
const intricate = `
x-s3: &s3 { bucket: b-1, region: r, endpoint: "http://h:9000", retry: { max_backoff_ms: 50 } }
server: { address: "[::1]", port: 0, trusted_proxies: [10.0.0.0/8] }
metrics: { address: localhost }
admin: { address: "127.0.0.1:0", claims: [{ claim: a, operator: in, value: [1, x] }], jwt: { issuer: i, token_sources: [{ type: bearer }] } }
jwt:
  jwks_url: https://id.example/jwks
  leeway_seconds: 1.5
  claims: [{ claim: a.b, operator: exists }]
  admin_claims: [{ claim: root, operator: exists }]
audit_log:
  enabled: true
  file: { path: /logs/a.log, max_file_size_mb: 64KB }
  syslog: { address: "::1", protocol: tls }
  s3_export: { s3_bucket: logs, region: r }
cache:
  enabled: true
  cache_layers: [memory, redis]
  memory: { max_cache_size_mb: "1536KB", default_ttl_seconds: origin }
  redis: { enabled: true, redis_url: "redis://r:1", key_prefix: "p:" }
  negative_ttl_seconds: 3
rate_limiting: { enabled: true, per_ip: { requests_per_second: 0.5 } }
warming: { on_start: [{ bucket: open, prefix: a }] }
buckets:
  - { name: open, path_prefix: /open, s3: *s3, cache: { query: all, ttl_seconds: 0 }, cors: passthrough }
  - { name: shut, path_prefix: /shut, s3: *s3, jwt: { audience: [x, y], admin_claims: [{ claim: own, operator: exists }] } }
  - { name: off, path_prefix: /off, s3: *s3, jwt: { enabled: false }, cache: { enabled: false, query: { include: [v] } } }
  - name: last
    path_prefix: /
    s3: { bucket: B_2, region: r, force_path_style: true, anonymous: true }
    headers: { add: { X-One: "1" } }
    cors: { allowed_origins: ["*"] }
    rate_limit: { global: { requests_per_second: 1 } }
  - name: twice
    path_prefix: /twice
    s3:
      replicas:
        - { name: two, priority: 2, bucket: B_2, region: r, endpoint: "http://h:9000", timeout_seconds: 0.5 }
        - { name: one, priority: 1, bucket: b-1, region: r, anonymous: true, connection_pool_size: 3 }
      timeout_seconds: 7
      hedging: { enabled: true }
      circuit_breaker: { failure_threshold: 9 }
`

for (const [title, text] of [
  ['a file that says the least', oneBucket],
  ['config/minimal.yaml', read('config/minimal.yaml')],
  ['an intricate file', intricate],
] as const) {
  test(`what is described of ${title} is a file that comes to the same, and to the same description`, () => {
    const described = describedOf(text)
    const again = stringify(JSON.parse(JSON.stringify(described)))
    assert.deepEqual(configOf(again), configOf(text, env))
    assert.deepEqual(describedOf(again), described)
  })
}

test('what is inherited, derived or left out is filled in', () => {
  const described = describedOf(intricate)
  assert.equal(partOf(described, 'server', 'address'), '[::1]:0')
  assert.equal(partOf(described, 'metrics', 'address'), 'localhost:9090')
  assert.equal(partOf(described, 'admin', 'enabled'), true)
  assert.equal(partOf(described, 'admin', 'jwt', 'jwks_url'), 'https://id.example/jwks')
  assert.deepEqual(partOf(described, 'audit_log', 'outputs'), ['file', 'syslog', 's3'])
  assert.equal(partOf(described, 'audit_log', 's3_export', 'spool_dir'), '/logs/audit-spool')
  assert.equal(partOf(described, 'audit_log', 'syslog', 'address'), '[::1]:6514')
  assert.equal(partOf(described, 'cache', 'memory', 'max_cache_size_mb'), '1572864B')
  assert.equal(partOf(described, 'cache', 'disk', 'max_disk_cache_size_mb'), 10_240)
  assert.equal(partOf(described, 'buckets', 0, 'jwt'), undefined)
  assert.equal(partOf(described, 'buckets', 0, 'cache', 'negative_ttl_seconds'), 3)
  assert.equal(partOf(described, 'buckets', 1, 'jwt', 'leeway_seconds'), 1.5)
  assert.deepEqual(partOf(described, 'buckets', 1, 'jwt', 'claims', 0, 'claim'), 'a.b')
  assert.deepEqual(partOf(described, 'buckets', 3, 'headers', 'add'), { 'X-One': '1' })
  assert.equal(partOf(described, 'buckets', 4, 's3', 'replicas', 0, 'timeout_seconds'), 0.5)
  assert.equal(partOf(described, 'buckets', 4, 's3', 'replicas', 0, 'force_path_style'), true)
  assert.equal(partOf(described, 'buckets', 4, 's3', 'replicas', 1, 'timeout_seconds'), 7)
  assert.equal(partOf(described, 'buckets', 4, 's3', 'force_path_style'), undefined)
})

const secrets = `
server: {}
jwt: { enabled: true, keys: [{ algorithm: HS256, secret: hidden-0-hidden-0-hidden-0-hidden-0 }] }
admin: { claims: [{ claim: a, operator: exists }], jwt: { algorithm: HS256, secret: hidden-1-hidden-1-hidden-1-hidden-1 } }
audit_log: { enabled: true, s3_export: { s3_bucket: b-1, region: r, access_key: shown, secret_key: hidden-2, session_token: hidden-3 } }
webhooks: [{ url: "https://hooks.example/hidden-4?hidden-5", secret: hidden-6, events: [purge] }]
cache:
  redis:
    redis_url: "rediss://user:hidden-7@h:1/2"
    redis_password: hidden-8
    sentinel: { password: hidden-9 }
buckets:
  - name: a
    path_prefix: /a
    s3: { bucket: b-1, region: r, access_key: shown, secret_key: hidden-a, session_token: hidden-b }
    jwt: { algorithm: HS256, secret: hidden-c-hidden-c-hidden-c-hidden-c }
  - name: b
    path_prefix: /b
    s3: { replicas: [{ name: x, priority: 1, bucket: b-1, region: r, access_key: shown, secret_key: hidden-e }] }
    jwt: { enabled: false, algorithm: HS256, secret: hidden-d }
`

test('secrets are hidden wherever they stand, and what is around them is not', () => {
  const described = describedOf(secrets)
  assert.doesNotMatch(JSON.stringify(described), /hidden/)
  assert.equal(partOf(described, 'buckets', 0, 's3', 'access_key'), 'shown')
  assert.equal(partOf(described, 'buckets', 0, 's3', 'secret_key'), '[REDACTED]')
  assert.equal(partOf(described, 'webhooks', 0, 'url'), 'https://hooks.example/[REDACTED]')
  assert.equal(partOf(described, 'cache', 'redis', 'redis_url'), 'rediss://[REDACTED]@h:1/2')
})

test('a setting that sounds like a secret is marked as one', () => {
  const shown = ['access_key']
  const unmarked = textsOf(schema, '').filter(
    ({ name, secret }) => /secret|password|token$|key$/.test(name) && secret === undefined && !shown.includes(name),
  )
  assert.deepEqual(unmarked, [])
  const marked = new Set(textsOf(schema, '').flatMap(({ name, secret }) => (secret === undefined ? [] : [name])))
  assert.deepEqual([...marked].sort(), ['password', 'redis_password', 'secret', 'secret_key', 'session_token', 'url'])
})

function textsOf(
  setting: Setting,
  name: string,
): readonly { readonly name: string; readonly secret: TextKind['secret'] }[] {
  switch (setting.kind) {
    case 'text':
      return [{ name, secret: setting.secret }]
    case 'list':
      return textsOf(setting.of, name)
    case 'word-or':
      return textsOf(setting.other, name)
    case 'section':
      return Object.entries(setting.fields).flatMap(([key, field]) => textsOf(field, key))
    default:
      return []
  }
}
