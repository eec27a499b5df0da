import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { parse } from 'yaml'
import type { Config } from '../../../src/config/config.ts'
import { generatedFiles } from '../../../src/config/generate.ts'
import { fillBytesOf } from '../../../src/config/memory-budget.ts'
import { configOf, oneBucket, problemsOf } from './parse-yaml.ts'

const root = join(import.meta.dirname, '../../..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const shipped = globSync('config/*.yaml', { cwd: root })
const env = { AWS_ACCESS_KEY_ID: 'AK', AWS_SECRET_ACCESS_KEY: 'SK' }

const validates = new Ajv2020({ allErrors: true }).compile(JSON.parse(read('config/schema.json')))
const schemaProblems = (text: string) =>
  validates(parse(text, { merge: true })) ? [] : (validates.errors ?? []).map(({ instancePath }) => instancePath)

for (const [file, text] of generatedFiles()) {
  test(`${file} is what \`npm run docs\` writes`, () => assert.equal(read(file), text))
}

test('the example and the minimal file are shipped', () => {
  assert.ok(shipped.includes('config/example.yaml') && shipped.includes('config/minimal.yaml'))
})

for (const file of shipped) {
  test(`${file} loads and satisfies the JSON Schema`, () => {
    assert.deepEqual(problemsOf(read(file), env), [])
    assert.deepEqual(schemaProblems(read(file)), [])
  })
}

test('the general settings of the example are the defaults, but for the cache being on', () => {
  const example = configOf(read('config/example.yaml'), env)
  const defaults = configOf(`cache: { enabled: true }\n${oneBucket}`)
  const general = ({ server, ...config }: Config) => ({
    ...config,
    buckets: [],
    server: { ...server, memory: fillBytesOf(server.memory) },
  })
  assert.deepEqual(general(example), general(defaults))
})

test('the JSON Schema takes variables, sizes, older places and shared sections', () => {
  const text = `
x-anything: { at: all }
server: { port: "\${PORT}", trusted_proxies: ["\${PROXY}"], https: { min_tls_version: 1.3, cert_path: c, key_path: k } }
jwt: { claims_verification: [{ claim: a, operator: in, value: [1, x, true] }], audience: a, admin_claims: [] }
admin: { enabled: "\${ON}", jwt: { enabled: true, token_sources: [{ type: bearer }] } }
audit_log: { file: { file_path: a, buffer_size: 4KB }, syslog: { syslog_address: h, syslog_protocol: tcp }, outputs: [s3] }
observability: { tracing: { exporter: jaeger, sampling_ratio: "\${R}" }, request_logging: { statuses: [404, 5xx, "\${S}"] } }
webhooks: [{ url: "\${HOOK}", secret: s, events: ["\${EVENT}"] }]
rate_limiting: { enabled: "\${ON:-true}", per_ip: { requests_per_second: 0.5 } }
shutdown: { timeout_seconds: 3 }
limits: { max_header_size: 64KB, request_timeout_seconds: 3 }
metrics: { enabled: "\${ON:-true}" }
cache: { memory: { max_cache_size_mb: "512MB", default_ttl_seconds: origin } }
${oneBucket}    cors: passthrough
    cache: { query: { include: [v] }, ttl_seconds: "\${TTL:-5}" }
    auth:
      enabled: true
      jwt: { keys: [{ algorithm: RS256, rsa_public_key_path: k }], claims_verification: [{ claim: a, operator: exists }] }
      claims_verification: []
    ip_allowlist: [10.0.0.0/8]
    rate_limit: { global: { requests_per_second: "\${RATE}" } }
  - { name: b, path_prefix: /b, s3: { replicas: [{ name: x, priority: "\${P}", bucket: b-1, region: r }] } }
`
  assert.deepEqual(schemaProblems(text), [])
})

test('the JSON Schema refuses what the loader refuses', () => {
  const wrong = [
    ['sever: {}', ''],
    ['server: { port: 65536 }', '/server/port'],
    ['server: { port: "80" }', '/server/port'],
    ['logging: { level: inof }', '/logging/level'],
    ['cache: { memory: { max_cache_size_mb: 1.5 } }', '/cache/memory/max_cache_size_mb'],
    ['shutdown: { timeout: 3 }', '/shutdown'],
    ['server: { tls: { min_tls_version: 1.1 } }', '/server/tls/min_tls_version'],
    ['jwt: { keys: [{ id: a }] }', '/jwt/keys/0'],
    ['jwt: { claims: [{ claim: a, operator: in, value: {} }] }', '/jwt/claims/0/value'],
    ['rate_limiting: { enabled: true, global: {} }', '/rate_limiting/global'],
    ['audit_log: { enabled: true, s3_export: {} }', '/audit_log/s3_export'],
    ['webhooks: [{ url: "https://h/", secret: s, events: [] }]', '/webhooks/0/events'],
    ['observability: { tracing: { endpoint: "collector:4318" } }', '/observability/tracing/endpoint'],
    ['observability: { request_logging: { statuses: [4xx, 6xx] } }', '/observability/request_logging/statuses/1'],
    ['warming: { schedule: [{ bucket: a }] }', '/warming/schedule/0'],
  ] as const
  for (const [text, path] of wrong) {
    assert.ok(problemsOf(`${text}\n${oneBucket}`).length > 0, text)
    assert.ok(schemaProblems(`${text}\n${oneBucket}`).includes(path), text)
  }
  for (const s3 of ['{ region: r }', '{ bucket: b, region: r, replicas: [{ name: x }] }', '{ timeout_seconds: 1 }']) {
    assert.ok(schemaProblems(`buckets: [{ name: a, path_prefix: /a, s3: ${s3} }]`).includes('/buckets/0/s3'), s3)
  }
})
