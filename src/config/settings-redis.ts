// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${…}` is what config files hold
/** Where Redis is, who the proxy is to it, and how what it keeps there is named. */

import { redisHost, redisUrl } from './formats.ts'
import { flag, list, number, oneOrList, section, text } from './setting.ts'

// setTimeout counts milliseconds in 31 bits.
const maxMs = 2_147_483_647

const sentinel = section('Redis Sentinel, which knows the server to use.', {
  master_name: text({ help: 'The name that the sentinels know it by.' }),
  hosts: list(text({ format: redisHost, help: 'A sentinel: `host` or `host:port`.' }), {
    mayBeEmpty: true,
    help: 'The sentinels, as `host:port`. Without a port: 26379.',
  }),
  password: text({ secret: 'all', help: 'The password of the sentinels themselves.' }),
})

const tls = section('Certificates for TLS. Any of them switches TLS on. PEM files, read when the config is.', {
  ca_path: text({
    absent: 'the authorities Node trusts',
    example: '${REDIS_CA_PATH:-}',
    help: 'Whom to trust to have signed the certificate of Redis.',
  }),
  cert_path: text({ help: 'Our certificate, where Redis wants one. Goes with `key_path`.' }),
  key_path: text({ help: 'Its private key.' }),
})

export const redis = section('The Redis tier.', {
  enabled: flag({ default: false, help: 'Whether it is used; `cache_layers` lists it then.' }),
  redis_url: oneOrList(text({ format: redisUrl, help: 'A `redis://` or `rediss://` (TLS) URL.' }), {
    mayBeEmpty: false,
    absent: 'none; needed unless `sentinel` is there',
    example: 'redis://127.0.0.1:6379',
    help: 'The server, or a list of nodes of one Redis Cluster. `rediss` stands for TLS.',
  }),
  sentinel,
  username: text({ absent: "the URL's", help: 'An ACL user.' }),
  redis_password: text({
    secret: 'all',
    absent: "the URL's",
    example: '${REDIS_PASSWORD:-}',
    help: 'The password.',
  }),
  tls,
  redis_db: number({
    whole: true,
    default: 0,
    min: 0,
    max: 65_535,
    help: 'The number of the database. A cluster has only 0.',
  }),
  redis_key_prefix: text({
    default: 'yatagarasu:',
    aliases: ['cache.redis.key_prefix'],
    example: '"yatagarasu:"',
    help: 'What its keys begin with. Proxies that share a cache share it; keys of other prefixes are never touched.',
  }),
  redis_ttl_seconds: number({
    unit: 'seconds',
    default: 3600,
    min: 0,
    max: 2_147_483_647,
    aliases: ['cache.redis.ttl_seconds'],
    help: 'How long a record stays in Redis at most. 0: until Redis evicts it. It never lengthens freshness.',
  }),
  pool_size: number({
    whole: true,
    default: 2,
    min: 1,
    max: 1000,
    help: 'Connections for ordinary commands; one more carries bulk values.',
  }),
  connect_timeout_ms: number({
    unit: 'milliseconds',
    default: 5000,
    min: 1,
    max: maxMs,
    help: 'How long making a connection may take. Requests never wait for it.',
  }),
  operation_timeout_ms: number({
    unit: 'milliseconds',
    default: 250,
    min: 1,
    max: maxMs,
    help: 'How long an operation may take, whatever Redis does. Then it is a miss.',
  }),
})
