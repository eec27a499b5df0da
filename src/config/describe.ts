/** The configuration that holds, in the shape of the file and without its secrets: for people to look at. */

import { spoolFolder, syslogServer } from './build-audit.ts'
import { adminBlock, isAdminOn } from './effective-admin.ts'
import { effectiveJwt, isProtected, overriddenJwt } from './effective-jwt.ts'
import { unitBytes } from './leaf.ts'
import { outputsOf } from './rules-audit.ts'
import { caches } from './rules-cache.ts'
import { defaultPorts, listenAt } from './rules-listeners.ts'
import { isPathStyle } from './rules-s3.ts'
import { type Settings, schema } from './schema.ts'
import type { Setting, TextKind } from './setting.ts'

/** JSON, with the keys of the file. */
export type Described = Readonly<Record<string, unknown>>

const hidden = '[REDACTED]'

/** Settings that are not there and have no default are not there either. Only for settings without problems. */
export function describeConfig(settings: Settings): Described {
  return described(schema, settled(settings)) as Described
}

/** What is inherited or derived, filled in, so that a file which said so would come to the same. */
function settled(settings: Settings): Settings {
  const { server, metrics, admin, cache, audit_log: audit } = settings
  const { memory } = cache
  return {
    ...settings,
    server: { ...server, ...settledAddress(listenAt(server, defaultPorts.server)) },
    metrics: { ...metrics, ...settledAddress(listenAt(metrics, defaultPorts.metrics)) },
    admin: { ...admin, enabled: isAdminOn(settings), jwt: settledAdminJwt(settings) },
    audit_log: audit.enabled ? settledAudit(audit) : audit,
    cache: {
      ...cache,
      memory: { ...memory, max_item_size_mb: Math.min(memory.max_item_size_mb, memory.max_cache_size_mb) },
    },
    buckets: settings.buckets.map((bucket) => settledBucket(settings, bucket)),
  }
}

function settledAddress({ host, port }: { readonly host: string; readonly port: number }) {
  return { address: `${host.includes(':') ? `[${host}]` : host}:${port}`, port: undefined }
}

function settledAdminJwt(settings: Settings): Settings['admin']['jwt'] {
  const block = adminBlock(settings)
  return block && { ...overriddenJwt(settings.jwt, block), token_sources: [{ type: 'bearer_header' }] }
}

function settledAudit(audit: Settings['audit_log']): Settings['audit_log'] {
  const { syslog, s3_export: s3 } = audit
  return {
    ...audit,
    outputs: outputsOf(audit),
    syslog: syslog && { ...syslog, address: settledAddress(syslogServer(syslog)).address },
    s3_export: s3 && { ...s3, force_path_style: isPathStyle(s3), spool_dir: spoolFolder(audit) },
  }
}

type Bucket = Settings['buckets'][number]

function settledBucket(settings: Settings, bucket: Bucket): Bucket {
  const { cache: own } = bucket
  const { cache } = settings
  return {
    ...bucket,
    s3: settledOrigin(bucket.s3),
    jwt: settledBucketJwt(settings, bucket),
    cache: {
      ...own,
      enabled: caches(settings, bucket),
      ttl_seconds: own.ttl_seconds ?? cache.memory.default_ttl_seconds,
      respect_origin: own.respect_origin ?? cache.respect_origin,
      request_directives: own.request_directives ?? cache.request_directives,
      stale_while_revalidate_seconds: own.stale_while_revalidate_seconds ?? cache.stale_while_revalidate_seconds,
      stale_if_error_seconds: own.stale_if_error_seconds ?? cache.stale_if_error_seconds,
      negative_ttl_seconds: own.negative_ttl_seconds ?? cache.negative_ttl_seconds,
      revalidate: own.revalidate ?? cache.revalidate,
    },
  }
}

function settledOrigin(s3: Bucket['s3']): Bucket['s3'] {
  const { initial_backoff_ms: initial, max_backoff_ms: longest } = s3.retry
  const retry = { ...s3.retry, initial_backoff_ms: Math.min(initial, longest) }
  if (s3.replicas === undefined) return { ...s3, ...settledPlace(s3), retry }
  const { connection_pool_size, timeout_seconds } = s3
  const replicas = s3.replicas.map((replica) => ({
    ...replica,
    ...settledPlace(replica),
    connection_pool_size: replica.connection_pool_size ?? connection_pool_size,
    timeout_seconds: replica.timeout_seconds ?? timeout_seconds,
  }))
  return { ...s3, replicas, retry }
}

function settledPlace(place: Pick<Bucket['s3'], 'anonymous' | 'endpoint' | 'force_path_style'>) {
  return { anonymous: place.anonymous ?? false, force_path_style: isPathStyle(place) }
}

/** What a public bucket says of tokens is as good as not said. */
function settledBucketJwt(settings: Settings, bucket: Bucket): Bucket['jwt'] {
  if (!isProtected(settings, bucket)) return bucket.jwt
  return { ...effectiveJwt(settings, bucket), enabled: true, admin_claims: bucket.jwt?.admin_claims ?? [] }
}

function described(setting: Setting, value: unknown): unknown {
  if (value === undefined) return undefined
  switch (setting.kind) {
    case 'section': {
      const values = value as Readonly<Record<string, unknown>>
      const fields = Object.entries(setting.fields).map(([key, field]) => [key, described(field, values[key])] as const)
      return Object.fromEntries(fields.filter(([, shown]) => shown !== undefined))
    }
    case 'list':
      if (!Array.isArray(value)) return described(setting.of, value)
      // Where an empty list is refused, it is what the absence of one came to.
      return value.length === 0 && !setting.mayBeEmpty ? undefined : value.map((item) => described(setting.of, item))
    case 'word-or':
      return typeof value === 'object' ? described(setting.other, value) : value
    case 'header-map':
      return Object.fromEntries(value as ReadonlyMap<string, string>)
    case 'size': {
      const units = Number(value) / unitBytes[setting.unit]
      return Number.isInteger(units) ? units : `${value}B`
    }
    case 'text':
      return describedText(setting, String(value))
    default:
      return value
  }
}

function describedText({ secret }: TextKind, text: string): string {
  if (secret === 'all') return hidden
  if (secret === 'beyond-host') return `${new URL(text).origin}/${hidden}`
  // Some URLs may hold a password.
  return text.replace(/^([a-z][a-z0-9+.-]*:\/\/).*@/i, `$1${hidden}@`)
}
