// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${…}` is what config files hold
import assert from 'node:assert/strict'
import { dirname } from 'node:path'
import test from 'node:test'
import { makeKeyFiles } from './key-files.ts'
import { configOf, oneBucket } from './parse-yaml.ts'

const secret = 'x'.repeat(32)

test('the shape of the first release loads', () => {
  const text = `server:
  address: "0.0.0.0"
  port: 8081
${oneBucket}    auth:
      enabled: false
  - name: private
    path_prefix: /private
    s3: { bucket: my-private, region: us-east-1 }
    auth:
      enabled: true
      jwt:
        secret: \${JWT_SECRET}
        algorithm: HS256
        token_sources:
          - type: header
            name: Authorization
            prefix: "Bearer "
          - type: query
            name: token
        claims_verification:
          - claim: role
            operator: in
            value: [admin, reader]
logging: { level: warn, format: json }
metrics: { enabled: true, port: 9091 }
shutdown: { timeout_seconds: 12 }
limits: { max_header_size: 65536, request_timeout_seconds: 34 }
`
  const { server, metrics, buckets } = configOf(text, { JWT_SECRET: secret })
  assert.deepEqual([server.host, server.port, metrics?.port], ['0.0.0.0', 8081, 9091])
  assert.deepEqual([server.shutdownTimeoutMs, server.requestTimeoutMs, server.maxHeaderBytes], [12_000, 34_000, 65_536])
  const [open, closed] = buckets.map(({ access }) => access)
  assert.equal(open?.jwt, undefined)
  assert.deepEqual(closed?.jwt?.keys, { kind: 'static', keys: [{ algorithm: 'HS256', secret }] })
  assert.deepEqual(closed?.jwt?.sources, [
    { kind: 'header', name: 'authorization', prefix: 'Bearer ' },
    { kind: 'query', name: 'token' },
  ])
  assert.deepEqual(closed?.claims, [{ claim: 'role', operator: 'in', value: ['admin', 'reader'] }])
})

const release11 = `server:
  trusted_proxies: ["127.0.0.1/32"]
buckets:
  - name: products
    path_prefix: /products
    s3: &s3 { bucket: products, region: us-east-1 }
    jwt:
      enabled: true
      algorithm: RS256
      rsa_public_key_path: \${KEYS_DIR}/rsa.pem
      token_sources:
        - type: bearer_header
  - name: api
    path_prefix: /api
    s3: *s3
    jwt: { enabled: true, algorithm: ES256, ecdsa_public_key_path: "\${KEYS_DIR}/p256.pem" }
  - name: secure
    path_prefix: /secure
    s3: *s3
    jwt:
      enabled: true
      jwks_url: \${JWKS_URL}
      claims:
        - { claim: tenant.id, operator: equals, value: acme }
  - name: multi
    path_prefix: /multi
    s3: *s3
    ip_allowlist: ["192.168.0.0/24", "2001:db8::/32"]
    ip_blocklist: ["192.168.0.66"]
    rate_limit:
      per_user: { requests_per_second: 50, burst_size: 100 }
    jwt:
      enabled: true
      keys:
        - { id: key1, algorithm: HS256, secret: "\${JWT_SECRET_1}" }
        - id: key2
          algorithm: RS256
          rsa_public_key_path: \${KEYS_DIR}/rsa.pem
        - id: key3
          algorithm: ES256
          path: \${KEYS_DIR}/p256.pem
`

const replicasAndAudit = `  - name: ha
    path_prefix: /ha
    s3:
      replicas:
        - name: primary
          bucket: products-us
          region: us-east-1
          endpoint: \${S3_ENDPOINT}
          access_key: AK
          secret_key: SK
          priority: 1
          timeout_seconds: 5
        - name: backup
          bucket: products-eu
          region: eu-west-1
          endpoint: \${S3_ENDPOINT}
          access_key: AK
          secret_key: SK
          priority: 2
          timeout_seconds: 8
audit_log:
  enabled: true
  outputs: [file, syslog, s3]
  log_level: info
  file:
    path: \${KEYS_DIR}/audit.log
    max_file_size_mb: 50
    max_backup_files: 5
    rotation_policy: size
  syslog:
    address: "127.0.0.1:5514"
    protocol: tcp
    facility: local0
  s3_export:
    s3_bucket: audit
    region: us-east-1
    access_key: AK
    secret_key: SK
    s3_path_prefix: logs/
    export_interval_seconds: 300
`

test('the shape of release 1.1 loads, with every kind of verification, replicas and audit', (t) => {
  const env = {
    KEYS_DIR: dirname(makeKeyFiles(t).rsa),
    JWKS_URL: 'https://id.example.com/jwks',
    JWT_SECRET_1: secret,
    S3_ENDPOINT: 'http://127.0.0.1:9000',
  }
  const adminClaims = '      admin_claims: [{ claim: role, operator: equals, value: admin }]\n      claims:'
  const { buckets, audit } = configOf(`${release11.replace('      claims:', adminClaims)}${replicasAndAudit}`, env)
  const access = buckets.map((bucket) => bucket.access)
  assert.deepEqual(
    access.map(({ jwt }) =>
      jwt?.keys.kind === 'static' ? jwt.keys.keys.map(({ algorithm }) => algorithm) : jwt?.keys.url,
    ),
    [['RS256'], ['ES256'], 'https://id.example.com/jwks', ['HS256', 'RS256', 'ES256'], undefined],
  )
  assert.deepEqual(access[2]?.claims, [{ claim: 'tenant.id', operator: 'equals', value: 'acme' }])
  assert.deepEqual(buckets[2]?.admin?.claims, [{ claim: 'role', operator: 'equals', value: 'admin' }])
  assert.deepEqual(
    buckets[4]?.s3.replicas.map(({ name, bucket, region, timeoutMs }) => [name, bucket, region, timeoutMs]),
    [
      ['primary', 'products-us', 'us-east-1', 5000],
      ['backup', 'products-eu', 'eu-west-1', 8000],
    ],
  )
  assert.equal(audit?.s3?.keyPrefix, 'logs/')
})
