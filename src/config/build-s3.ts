/** Settings that reach an S3 server into those of its client. */

import type { CredentialOptions } from '../origin/credentials.ts'
import type { ReplicaSettings, S3Settings } from './config.ts'
import { isPathStyle } from './rules-s3.ts'
import type { Settings } from './schema.ts'

type S3 = Settings['buckets'][number]['s3']
type Replica = NonNullable<S3['replicas']>[number]
type Reached = Pick<Replica, 'region' | 'endpoint' | 'access_key' | 'secret_key' | 'session_token' | 'force_path_style'>

export function buildOrigin(s3: S3): S3Settings {
  const { retry, hedging, circuit_breaker: breaker } = s3
  return {
    replicas: placesOf(s3).map((place) => buildReplica(place, s3)),
    retry: {
      maxAttempts: retry.max_attempts,
      initialBackoffMs: Math.min(retry.initial_backoff_ms, retry.max_backoff_ms),
      maxBackoffMs: retry.max_backoff_ms,
    },
    breaker: {
      failureThreshold: breaker.failure_threshold,
      successThreshold: breaker.success_threshold,
      openForMs: Math.round(breaker.timeout_seconds * 1000),
      maxProbes: breaker.half_open_max_requests,
    },
    hedging: hedging.enabled ? { budget: hedging.budget } : undefined,
  }
}

/** The best first. A single origin is a replica without a name. */
function placesOf(s3: S3): readonly Omit<Replica, 'priority'>[] {
  if (s3.replicas !== undefined) return s3.replicas.toSorted((a, b) => a.priority - b.priority)
  const { bucket, region } = s3
  if (bucket === undefined || region === undefined) throw new Error('an origin that is nowhere')
  return [{ ...s3, name: '', bucket, region }]
}

function buildReplica(place: Omit<Replica, 'priority'>, shared: S3): ReplicaSettings {
  return {
    name: place.name,
    bucket: place.bucket,
    ...buildS3Access(place),
    ...(place.anonymous && { credentials: { kind: 'anonymous' } }),
    connections: place.connection_pool_size ?? shared.connection_pool_size,
    timeoutMs: Math.round((place.timeout_seconds ?? shared.timeout_seconds) * 1000),
  }
}

export function buildS3Access(
  s3: Reached,
): Pick<ReplicaSettings, 'region' | 'endpoint' | 'credentials' | 'forcePathStyle'> {
  return {
    region: s3.region,
    endpoint: s3.endpoint === undefined ? undefined : new URL(s3.endpoint).origin,
    credentials: buildCredentials(s3),
    forcePathStyle: isPathStyle(s3),
  }
}

function buildCredentials({ access_key, secret_key, session_token }: Reached): CredentialOptions {
  if (access_key === undefined || secret_key === undefined) return { kind: 'default-chain' }
  const keys = { accessKeyId: access_key, secretAccessKey: secret_key }
  return { kind: 'static', ...keys, ...(session_token === undefined ? {} : { sessionToken: session_token }) }
}
