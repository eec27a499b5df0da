/** Settings into `Config`: sections inherit, units become milliseconds and bytes. */

import type { CorsRule } from '../http/cors.ts'
import type { CachePolicy } from '../policy/cache-policy.ts'
import type { QueryRule } from '../routing/object-ref.ts'
import { buildAccess, jwtBuilder } from './build-access.ts'
import { buildAdmin, buildBucketAdmin } from './build-admin.ts'
import { buildAudit } from './build-audit.ts'
import { buildRateLimiting, buildRates } from './build-limits.ts'
import { buildObservability } from './build-observability.ts'
import { buildRedis } from './build-redis.ts'
import { buildOrigin } from './build-s3.ts'
import type { BucketConfig, Config, JwtConfig, LayerConfig, MemoryConfig } from './config.ts'
import type { Jwt } from './effective-jwt.ts'
import { buildMemory } from './memory-budget.ts'
import type { PemFiles, ReadFiles } from './pem-files.ts'
import { caches, isCacheUsed } from './rules-cache.ts'
import { defaultPorts, listenAt } from './rules-listeners.ts'
import { workersOf } from './rules-workers.ts'
import type { Settings } from './schema.ts'

type Bucket = Settings['buckets'][number]

const sliceBytes = 1_048_576

/** Only for settings without problems. */
export function buildConfig(settings: Settings, files: ReadFiles): Config {
  const { server, metrics, logging, cache } = settings
  const buildJwt = jwtBuilder(files.publicKeys)
  const memory = buildMemory(settings)
  return {
    server: {
      ...listenAt(server, defaultPorts.server),
      trustedProxies: server.trusted_proxies,
      clientAddressFrom: server.client_address_from,
      tls: server.tls && { minVersion: `TLSv${server.tls.min_tls_version}`, certificates: files.certificates },
      workers: workersOf(settings),
      maxConcurrentRequests: server.max_concurrent_requests,
      queueSize: server.queue_size,
      memory,
      keepAliveTimeoutMs: toMs(server.keep_alive_timeout_seconds),
      requestTimeoutMs: toMs(server.request_timeout_seconds),
      shutdownTimeoutMs: toMs(server.shutdown_timeout_seconds),
      maxHeaderBytes: server.limits.max_header_size,
      maxUriLength: server.limits.max_uri_length,
      maxRequestBodyBytes: server.limits.max_request_body_size,
    },
    configWatch: settings.config_watch,
    metrics: metrics.enabled ? listenAt(metrics, defaultPorts.metrics) : undefined,
    admin: buildAdmin(settings, buildJwt),
    logging,
    observability: buildObservability(settings.observability),
    audit: buildAudit(settings.audit_log),
    webhooks: settings.webhooks,
    warming: buildWarming(settings.warming),
    layers: isCacheUsed(settings) ? cache.cache_layers.map((name) => buildLayer(name, cache, memory, files.redis)) : [],
    rateLimiting: buildRateLimiting(settings, files.redis),
    buckets: settings.buckets.map((bucket) => buildBucket(settings, bucket, buildJwt)),
  }
}

function buildLayer(
  name: Settings['cache']['cache_layers'][number],
  { memory, disk, redis }: Settings['cache'],
  { indexBytes: maxIndexBytes }: MemoryConfig,
  redisPems: PemFiles | undefined,
): LayerConfig {
  switch (name) {
    case 'memory': {
      const { max_cache_size_mb: maxBytes, max_item_size_mb: item, eviction } = memory
      // The default bows to a smaller cache; what the file says was checked.
      return { kind: name, options: { maxBytes, maxItemBytes: Math.min(item, maxBytes), eviction } }
    }
    case 'disk':
      return { kind: name, options: { folder: disk.cache_dir, maxBytes: disk.max_disk_cache_size_mb, maxIndexBytes } }
    case 'redis':
      return buildRedis(redis, redisPems)
  }
}

function buildWarming({ on_start, schedule, ...rates }: Settings['warming']): Config['warming'] {
  return {
    concurrency: rates.concurrency,
    requestsPerSecond: rates.requests_per_second,
    onStart: on_start.map(({ bucket, prefix = '' }) => ({ bucket, prefix })),
    schedule: schedule.map(({ cron, bucket, prefix = '' }) => ({ cron, bucket, prefix })),
  }
}

function buildBucket(settings: Settings, bucket: Bucket, buildJwt: (jwt: Jwt) => JwtConfig): BucketConfig {
  return {
    name: bucket.name,
    pathPrefix: bucket.path_prefix,
    hosts: bucket.hosts.map((host) => host.toLowerCase()),
    s3: buildOrigin(bucket.s3),
    access: buildAccess(settings, bucket, buildJwt),
    admin: buildBucketAdmin(settings, bucket, buildJwt),
    rateLimits: buildRates(bucket.rate_limit),
    policy: buildPolicy(settings, bucket),
    query: buildQuery(bucket.cache.query),
    downstreamCacheControl: bucket.cache.downstream_cache_control,
    cors: buildCors(bucket.cors),
    headers: {
      add: [...bucket.headers.add].flat(),
      remove: bucket.headers.remove.map((name) => name.toLowerCase()),
      forward: bucket.headers.forward.map((name) => name.toLowerCase()),
    },
  }
}

function buildPolicy(settings: Settings, bucket: Bucket): CachePolicy {
  const { cache } = settings
  const own = bucket.cache
  const ttl = own.ttl_seconds ?? cache.memory.default_ttl_seconds
  return {
    enabled: caches(settings, bucket),
    ttlMs: ttl === 'origin' ? ttl : toMs(ttl),
    negativeTtlMs: toMs(own.negative_ttl_seconds ?? cache.negative_ttl_seconds),
    staleWhileRevalidateMs: toMs(own.stale_while_revalidate_seconds ?? cache.stale_while_revalidate_seconds),
    staleIfErrorMs: toMs(own.stale_if_error_seconds ?? cache.stale_if_error_seconds),
    respectOrigin: own.respect_origin ?? cache.respect_origin,
    requestDirectives: own.request_directives ?? cache.request_directives,
    revalidate: own.revalidate ?? cache.revalidate,
    maxObjectBytes: own.max_item_size_mb ?? Number.POSITIVE_INFINITY,
    sliceBytes,
  }
}

function buildQuery(query: Bucket['cache']['query']): QueryRule {
  if (query === 'ignore') return { keep: 'none' }
  return query === 'all' ? { keep: 'all' } : { keep: 'only', names: query.include }
}

function buildCors(cors: Bucket['cors']): CorsRule | 'passthrough' | undefined {
  if (typeof cors !== 'object') return cors
  return {
    allowedOrigins: cors.allowed_origins.map(asBrowsersSendIt),
    allowedMethods: cors.allowed_methods,
    allowedHeaders: cors.allowed_headers,
    exposedHeaders: cors.exposed_headers,
    maxAgeSeconds: cors.max_age_seconds,
    allowCredentials: cors.allow_credentials,
  }
}

/** Lower case, and without the scheme's own port. */
function asBrowsersSendIt(origin: string): string {
  const known = /^https?:/i.test(origin) && URL.canParse(origin)
  return known ? new URL(origin).origin : origin.toLowerCase()
}

function toMs(seconds: number): number {
  return Math.round(seconds * 1000)
}
