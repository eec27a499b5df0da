/** The configuration as the composition root reads it: validated, complete, in milliseconds and bytes. */

import type { ClaimRule } from '../access/claim-rules.ts'
import type { StaticKeyOptions } from '../access/static-keys.ts'
import type { TokenSource } from '../access/token-sources.ts'
import type { FileSinkOptions } from '../audit/file-sink.ts'
import type { S3SinkOptions } from '../audit/s3-sink.ts'
import type { SyslogSinkOptions } from '../audit/syslog-sink.ts'
import type { WebhookEvent } from '../audit/webhook.ts'
import type { DiskTierOptions } from '../cache/disk-tier.ts'
import type { MemoryTierOptions } from '../cache/memory-tier.ts'
import type { RedisTierOptions } from '../cache/redis-tier.ts'
import type { TlsOptions } from '../http/certificates.ts'
import type { CorsRule } from '../http/cors.ts'
import type { Rate } from '../limits/rate-limiter.ts'
import type { CredentialOptions } from '../origin/credentials.ts'
import type { HedgeOptions } from '../origin/hedging.ts'
import type { ReplicatedOptions } from '../origin/replicated-origin.ts'
import type { HeaderRules } from '../pipeline/route.ts'
import type { CachePolicy } from '../policy/cache-policy.ts'
import type { RedisOptions } from '../redis/options.ts'
import type { QueryRule } from '../routing/object-ref.ts'
import type { ScheduledTarget, WarmTarget } from '../warming/schedule.ts'

export interface Config {
  readonly server: ServerConfig
  /** Reload when the file changes. */
  readonly configWatch: boolean
  /** Undefined: no metrics listener. */
  readonly metrics: ListenAddress | undefined
  /** Undefined: there is no `/admin`. */
  readonly admin: AdminConfig | undefined
  readonly logging: LoggingConfig
  readonly observability: ObservabilityConfig
  /** Undefined: nothing is audited. */
  readonly audit: AuditConfig | undefined
  readonly webhooks: readonly WebhookConfig[]
  readonly warming: WarmingConfig
  /** The tiers in the order they are asked. Empty when no bucket caches. */
  readonly layers: readonly LayerConfig[]
  /** Undefined: nothing is limited, by no bucket either. */
  readonly rateLimiting: RateLimitingConfig | undefined
  readonly buckets: readonly BucketConfig[]
}

export type LayerConfig =
  | { readonly kind: 'memory'; readonly options: Omit<MemoryTierOptions, 'charge'> }
  | { readonly kind: 'disk'; readonly options: Pick<DiskTierOptions, 'folder' | 'maxBytes' | 'maxIndexBytes'> }
  | { readonly kind: 'redis'; readonly options: RedisTierOptions }

export interface ListenAddress {
  /** A host name or an address, IPv6 without brackets. */
  readonly host: string
  /** 0: any free port. */
  readonly port: number
}

export interface ServerConfig extends ListenAddress {
  /** Addresses and CIDR blocks. */
  readonly trustedProxies: readonly string[]
  readonly clientAddressFrom: 'x-forwarded-for' | 'forwarded' | 'proxy-protocol'
  /** Undefined: plain HTTP. */
  readonly tls: TlsOptions | undefined
  /** Threads that serve requests; 1 at least. */
  readonly workers: number
  /** Requests served at a time, each until its last body byte is sent, and how many more may wait. */
  readonly maxConcurrentRequests: number
  readonly queueSize: number
  readonly memory: MemoryConfig
  readonly keepAliveTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly shutdownTimeoutMs: number
  readonly maxHeaderBytes: number
  readonly maxUriLength: number
  readonly maxRequestBodyBytes: number
}

export interface MemoryConfig {
  /** One bound for caches and buffers. Undefined: there is none. */
  readonly budgetBytes: number | undefined
  /** What the tiers take of it as long as they are open: records, writes that wait, and the index of the disk. */
  readonly tierBytes: number
  /** Of the index. Undefined: it has no bound of its own. */
  readonly indexBytes: number | undefined
  /** What verified tokens and counts of rate limits take of it. */
  readonly accessBytes: number
  /** Of the tokens that one verifier remembers on one thread. */
  readonly verifierBytes: number
}

export interface LoggingConfig {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'
  readonly format: 'json' | 'pretty'
}

export interface ObservabilityConfig {
  /** Undefined: nothing is traced. */
  readonly tracing: TracingConfig | undefined
  /** Undefined: every request is logged, in one line without header fields. */
  readonly requestLogging: RequestLoggingConfig | undefined
  /** Undefined: slow requests have no line of their own. */
  readonly slowRequests: { readonly thresholdMs: number } | undefined
  /** In dollars. */
  readonly prices: { readonly per1000Requests: number; readonly perGb: number }
}

export interface TracingConfig {
  readonly exporter: 'otlp' | 'zipkin' | 'none'
  /** Undefined: where collectors usually listen. */
  readonly endpoint: string | undefined
  readonly serviceName: string
  /** 0 to 1. */
  readonly samplingRatio: number
}

export interface RequestLoggingConfig {
  /** Header fields of request and response as well. */
  readonly responses: boolean
  /** Patterns over whole paths as received. Empty: any path. */
  readonly includePaths: readonly string[]
  /** Stronger than the others. */
  readonly excludePaths: readonly string[]
  /** `404`, `5xx` or `500-504`. Empty: any status. */
  readonly statuses: readonly string[]
  /** Lower case, beside those that are always redacted. */
  readonly redactHeaders: readonly string[]
}

export interface BucketConfig {
  readonly name: string
  /** Starts with `/` and does not end with one, unless it is `/` itself. */
  readonly pathPrefix: string
  /** Lower case, without ports. Empty: any host. */
  readonly hosts: readonly string[]
  readonly s3: S3Settings
  readonly access: AccessConfig
  /** Whose tokens administer this bucket, and nothing else. Undefined: nobody's. */
  readonly admin: AdminAccess | undefined
  /** Beside those of `rateLimiting`. */
  readonly rateLimits: RateLimits
  readonly policy: CachePolicy
  readonly query: QueryRule
  /** What clients are told in Cache-Control, in place of what the origin said. */
  readonly downstreamCacheControl: string | undefined
  readonly cors: CorsRule | 'passthrough' | undefined
  readonly headers: HeaderRules
}

export interface S3Settings {
  /** At least one, the best first. */
  readonly replicas: readonly ReplicaSettings[]
  readonly retry: ReplicatedOptions['retry']
  /** Each replica has one. */
  readonly breaker: ReplicatedOptions['breaker']
  /** Undefined: nothing is asked twice for being slow. */
  readonly hedging: HedgeOptions | undefined
}

export interface ReplicaSettings {
  /** Empty where a bucket has a single origin. */
  readonly name: string
  readonly bucket: string
  readonly region: string
  /** Scheme, host and port, without a slash at the end. Undefined: AWS. */
  readonly endpoint: string | undefined
  readonly credentials: CredentialOptions
  readonly forcePathStyle: boolean
  readonly connections: number
  readonly timeoutMs: number
}

export interface AccessConfig {
  /** Undefined: public. Buckets whose settings come to the same share one object. */
  readonly jwt: JwtConfig | undefined
  /** All must hold. */
  readonly claims: readonly ClaimRule[]
  /** Addresses and CIDR blocks. Empty: any. It takes precedence over the other list. */
  readonly ipAllowlist: readonly string[]
  readonly ipBlocklist: readonly string[]
}

/** How the tokens of a protected bucket are found and verified. */
export interface JwtConfig {
  readonly keys: KeysConfig
  readonly sources: readonly TokenSource[]
  /** A token must be from one of these, and for one of those. Empty: any. */
  readonly issuer: readonly string[]
  readonly audience: readonly string[]
  readonly leewayMs: number
  readonly requireExp: boolean
}

export interface AdminConfig {
  /** Undefined: on the main listener. */
  readonly address: ListenAddress | undefined
  /** Who may do everything: whoever has a token that one of them accepts. Those without claims accept none. */
  readonly access: readonly AdminAccess[]
}

/** Keys and claims are judged together: a token that these keys verify has to say all of these. */
export interface AdminAccess {
  /** Its token sources are a bearer header alone. */
  readonly jwt: JwtConfig
  /** Empty: no token will do, and those that verify are told so. */
  readonly claims: readonly ClaimRule[]
}

export interface AuditConfig {
  /** `info`: every entry; `warn`: statuses from 400 on and what administrators do; `error`: from 500 on. */
  readonly level: 'info' | 'warn' | 'error'
  /** Each entry carries the digest of the one before. */
  readonly chain: boolean
  /** Lower case, beside those that are always redacted. */
  readonly redactHeaders: readonly string[]
  readonly anonymizeIp: boolean
  readonly file: FileSinkOptions | undefined
  readonly syslog: SyslogSinkOptions | undefined
  readonly s3: S3SinkOptions | undefined
}

export interface WebhookConfig {
  readonly url: string
  readonly secret: string
  /** Without repeats, one at least. */
  readonly events: readonly WebhookEvent[]
}

export interface WarmingConfig {
  /** Objects fetched at a time, by all jobs together. */
  readonly concurrency: number
  readonly requestsPerSecond: number
  readonly onStart: readonly WarmTarget[]
  readonly schedule: readonly ScheduledTarget[]
}

export type KeysConfig =
  | { readonly kind: 'static'; readonly keys: readonly StaticKeyOptions[] }
  | { readonly kind: 'jwks'; readonly url: string; readonly refreshIntervalMs: number }

export interface RateLimitingConfig extends RateLimits {
  readonly algorithm: 'token_bucket' | 'sliding_window'
  /** Of the sliding window. */
  readonly windowMs: number
  /** Where counts are shared. Undefined: each process counts for itself. */
  readonly redis: { readonly options: RedisOptions; readonly keyPrefix: string } | undefined
}

export interface RateLimits {
  readonly global: Rate | undefined
  readonly perIp: Rate | undefined
  readonly perUser: Rate | undefined
}
