import type { RedisOptions } from '../redis/options.ts'
import type { LayerConfig } from './config.ts'
import { parseHostPort } from './formats.ts'
import type { PemFiles } from './pem-files.ts'
import { isCluster, redisUrls } from './rules-redis.ts'
import type { Settings } from './schema.ts'

type Redis = Settings['cache']['redis']

export function buildRedis(redis: Redis, pems: PemFiles | undefined): LayerConfig {
  return {
    kind: 'redis',
    options: {
      keyPrefix: redis.redis_key_prefix,
      ttlMs: Math.round(redis.redis_ttl_seconds * 1000),
      redis: buildRedisOptions(redis, pems),
    },
  }
}

export function buildRedisOptions(redis: Redis, pems: PemFiles | undefined): RedisOptions {
  return {
    urls: redisUrls(redis),
    isCluster: isCluster(redis),
    sentinel: buildSentinel(redis),
    username: redis.username,
    password: redis.redis_password,
    tls: pems,
    db: redis.redis_db,
    poolSize: redis.pool_size,
    connectTimeoutMs: redis.connect_timeout_ms,
    operationTimeoutMs: redis.operation_timeout_ms,
  }
}

function buildSentinel({ sentinel }: Redis): RedisOptions['sentinel'] {
  const { master_name: masterName, hosts, password } = sentinel
  if (masterName === undefined || hosts.length === 0) return undefined
  return { masterName, hosts: hosts.map(bracketed), password }
}

/** An IPv6 address as URLs have it. */
function bracketed(text: string): string {
  const { host, port } = parseHostPort(text) ?? { host: text, port: undefined }
  return `${host.includes(':') ? `[${host}]` : host}${port === undefined ? '' : `:${port}`}`
}
