// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${…}` is what config files hold
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import type { LayerConfig } from '../../../src/config/config.ts'
import { configOf, oneBucket, problemsOf } from './parse-yaml.ts'

const cacheWith = (settings: string) => `cache: { enabled: true, ${settings} }\n${oneBucket}`
const redisWith = (settings: string) => cacheWith(`cache_layers: [redis], redis: { enabled: true, ${settings} }`)
const at = (path: string) => `cache.${path} (line 1):`
const url = 'must be a redis:// or rediss:// URL, such as redis://cache.example.com:6379/0'

const refused: readonly (readonly [text: string, ...problems: string[]])[] = [
  [cacheWith('cache_layers: [disk]'), `${at('cache_layers[0]')} names disk, which needs cache.disk.enabled: true`],
  [
    cacheWith('cache_layers: [memory, redis], redis: { redis_url: "redis://h" }'),
    `${at('cache_layers[1]')} names redis, which needs cache.redis.enabled: true`,
  ],
  [cacheWith('disk: { enabled: true }'), `${at('disk.enabled')} needs disk in cache_layers`],
  [cacheWith('redis: { enabled: true, redis_url: "redis://h" }'), `${at('redis.enabled')} needs redis in cache_layers`],
  [
    cacheWith('cache_layers: [disk, disk], disk: { enabled: true }'),
    `${at('cache_layers[1]')} repeats an earlier item`,
  ],
  [
    cacheWith('cache_layers: [disk], disk: { enabled: true, cache_dir: "" }'),
    `${at('disk.cache_dir')} must not be empty`,
  ],
  [
    cacheWith('cache_layers: [disk], disk: { enabled: true, cache_dir: "${GONE:-}" }'),
    `${at('disk.cache_dir')} must not be empty`,
  ],
  [
    cacheWith('cache_layers: [disk], disk: { enabled: true, max_disk_cache_size_mb: 0 }'),
    `${at('disk.max_disk_cache_size_mb')} must be at least 1 megabytes`,
  ],
  [redisWith(''), `${at('redis.redis_url')} is required, unless sentinel is there`],
  [redisWith('redis_url: "http://h"'), `${at('redis.redis_url')} ${url}`],
  [redisWith('redis_url: "redis://h/x"'), `${at('redis.redis_url')} ${url}`],
  [redisWith('redis_url: "redis://u:%zz@h"'), `${at('redis.redis_url')} must be a valid URL`],
  [redisWith('redis_url: "redis://h:99999"'), `${at('redis.redis_url')} must be a valid URL`],
  [redisWith('redis_url: ["redis://h", "h"]'), `${at('redis.redis_url[1]')} ${url}`],
  [redisWith('redis_url: []'), `${at('redis.redis_url')} must not be empty`],
  [redisWith('redis_url: 5'), `${at('redis.redis_url')} must be text; put it in quotes`],
  [redisWith('redis_url: {}'), `${at('redis.redis_url')} must be text, or a list, not a map`],
  [
    redisWith('redis_url: ["redis://a", "redis://b"], redis_db: 1'),
    `${at('redis.redis_db')} must be 0 with Redis Cluster`,
  ],
  [
    redisWith('redis_url: ["redis://a/2", "redis://b"]'),
    `${at('redis.redis_url')} cannot name a database: Redis Cluster has only 0`,
  ],
  [
    redisWith('redis_url: ["redis://a", "rediss://b"]'),
    `${at('redis.redis_url')} must be redis:// or rediss:// throughout`,
  ],
  [redisWith('redis_url: "redis://a/2", redis_db: 3'), `${at('redis.redis_db')} is given twice: here and in redis_url`],
  [redisWith('sentinel: { master_name: m }'), `${at('redis.sentinel.hosts')} must name a sentinel`],
  [redisWith('sentinel: { hosts: [h] }'), `${at('redis.sentinel.master_name')} is required beside hosts`],
  [
    redisWith('redis_url: ["redis://a"], sentinel: { master_name: m, hosts: [h] }'),
    `${at('redis.redis_url')} cannot be a list beside sentinel: Redis Cluster has none`,
  ],
  [
    redisWith('sentinel: { master_name: m, hosts: ["h:x"] }'),
    `${at('redis.sentinel.hosts[0]')} must be a host, or host:port, such as sentinel.example.com:26379`,
  ],
  [
    redisWith('redis_url: "redis://h", key_prefix: a, redis_key_prefix: b'),
    `${at('redis.key_prefix')} is given twice: here and as cache.redis.redis_key_prefix (line 1)`,
  ],
  [redisWith('redis_url: "redis://h", pool_size: 0'), `${at('redis.pool_size')} must be at least 1`],
  [
    redisWith('redis_url: "redis://h", tls: { cert_path: /gone }'),
    `${at('redis.tls.cert_path')} needs key_path beside it`,
    `${at('redis.tls.cert_path')} cannot be read: ENOENT`,
  ],
]

for (const [text, ...problems] of refused) {
  test(`${text.split('\n')[0]} is refused`, () => assert.deepEqual(problemsOf(text), problems))
}

test('a tier that is switched off may be half described', () => {
  const disk = 'disk: { enabled: false, cache_dir: "${GONE}" }'
  const redis = 'redis: { enabled: false, redis_url: ["redis://a", "redis://b"], redis_db: 3, tls: { ca_path: /gone } }'
  assert.deepEqual(problemsOf(cacheWith(`${disk}, ${redis}`)), [])
  assert.deepEqual(problemsOf(cacheWith('disk: { cache_dir: "" }')), [])
  const off = `cache: { enabled: false, ${disk}, ${redis} }\n${oneBucket}`
  assert.deepEqual(problemsOf(`${off}    cache: { enabled: true }`), [])
  assert.deepEqual(problemsOf(`cache: { cache_layers: [disk, redis], redis: { enabled: true } }\n${oneBucket}`), [])
})

test('nothing is wrong with the sizes of a memory tier that is not listed', () => {
  const memory = 'memory: { max_item_size_mb: 2, max_cache_size_mb: 1 }'
  assert.deepEqual(problemsOf(cacheWith(`cache_layers: [disk], disk: { enabled: true }, ${memory}`)), [])
})

test('the tiers come in the order of cache_layers, with their settings in bytes and milliseconds', () => {
  const { layers } = configOf(
    cacheWith(`cache_layers: [redis, disk, memory], disk: { enabled: true, cache_dir: /d, max_disk_cache_size_mb: 5 },
  redis: { enabled: true, redis_url: "rediss://u:p@h:1/2", key_prefix: "p:", ttl_seconds: 1.5, pool_size: 3,
    username: w, redis_password: q, connect_timeout_ms: 6, operation_timeout_ms: 7 }`),
  )
  assert.deepEqual(
    layers.map(({ kind }) => kind),
    ['redis', 'disk', 'memory'],
  )
  assert.deepEqual(layers[1], {
    kind: 'disk',
    options: { folder: '/d', maxBytes: 5 * 2 ** 20, maxIndexBytes: undefined },
  })
  assert.deepEqual(layers[0], {
    kind: 'redis',
    options: {
      keyPrefix: 'p:',
      ttlMs: 1500,
      redis: {
        urls: ['rediss://u:p@h:1/2'],
        isCluster: false,
        sentinel: undefined,
        username: 'w',
        password: 'q',
        tls: undefined,
        db: 0,
        poolSize: 3,
        connectTimeoutMs: 6,
        operationTimeoutMs: 7,
      },
    },
  })
})

function redisOf(text: string) {
  const layer = configOf(text).layers.find(
    (one): one is Extract<LayerConfig, { kind: 'redis' }> => one.kind === 'redis',
  )
  assert.ok(layer)
  return layer.options
}

test('what Redis settings leave out is what the contract says', () => {
  const { keyPrefix, ttlMs, redis } = redisOf(redisWith('redis_url: "redis://h", redis_password: "${GONE:-}"'))
  assert.deepEqual([keyPrefix, ttlMs], ['yatagarasu:', 3_600_000])
  assert.deepEqual([redis.db, redis.poolSize, redis.connectTimeoutMs, redis.operationTimeoutMs], [0, 2, 5000, 250])
  assert.deepEqual([redis.username, redis.password], [undefined, undefined])
})

test('a list is a cluster, however many nodes it names, and sentinels need no URL', () => {
  assert.deepEqual(redisOf(redisWith('redis_url: ["redis://a"]')).redis.isCluster, true)
  assert.deepEqual(redisOf(redisWith('redis_url: ["redis://a", "redis://b:1"]')).redis.urls, [
    'redis://a',
    'redis://b:1',
  ])
  const { urls, sentinel, isCluster } = redisOf(
    redisWith('sentinel: { master_name: m, hosts: [h, "h:1", "::1", "[::1]:2"], password: s }'),
  ).redis
  assert.deepEqual([urls, isCluster], [[], false])
  assert.deepEqual(sentinel, { masterName: 'm', hosts: ['h', 'h:1', '[::1]', '[::1]:2'], password: 's' })
})

/** A certificate of its own, its key, and a key of nothing. */
function pemFiles(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'yatagarasu-pem-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const [cert, key, other, garbage] = ['cert', 'key', 'other', 'garbage'].map((name) =>
    join(folder, `${name}.pem`),
  ) as [string, string, string, string]
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  for (const [out, keyOut] of [
    [cert, key],
    [join(folder, 'unused.pem'), other],
  ] as const) {
    execFileSync('openssl', ['req', '-x509', ...ec, '-keyout', keyOut, '-out', out, '-subj', '/CN=h'], {
      stdio: 'ignore',
    })
  }
  writeFileSync(garbage, 'no certificate')
  return { cert, key, other, garbage }
}

test('files of certificates are read with the config, and told when they are none', (t) => {
  const { cert, key, other, garbage } = pemFiles(t)
  const tlsOf = (settings: string) => redisWith(`redis_url: "redis://h", tls: { ${settings} }`)
  const text = (path: string) => readFileSync(path, 'latin1')
  assert.deepEqual(redisOf(tlsOf(`ca_path: ${cert}, cert_path: ${cert}, key_path: ${key}`)).redis.tls, {
    ca: text(cert),
    cert: text(cert),
    key: text(key),
  })
  assert.deepEqual(problemsOf(tlsOf(`ca_path: ${garbage}`)), [
    `${at('redis.tls.ca_path')} must be a file of certificates in PEM form`,
  ])
  assert.deepEqual(problemsOf(tlsOf(`cert_path: ${cert}, key_path: ${other}`)), [
    `${at('redis.tls.key_path')} must be the private key, without a passphrase, of the certificate in cert_path`,
  ])
  assert.deepEqual(problemsOf(tlsOf('ca_path: /gone')), [`${at('redis.tls.ca_path')} cannot be read: ENOENT`])
})
