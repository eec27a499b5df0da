/** Settings that reach an S3 server into those of its client. */

import type { CredentialOptions } from '../origin/credentials.ts'
import type { S3Settings } from './config.ts'
import { isPathStyle } from './rules-s3.ts'
import type { Settings } from './schema.ts'

type S3 = Settings['buckets'][number]['s3']
type Reached = Pick<S3, 'region' | 'endpoint' | 'access_key' | 'secret_key' | 'session_token' | 'force_path_style'>

export function buildOrigin(s3: S3): S3Settings {
  return {
    bucket: s3.bucket,
    ...buildS3Access(s3),
    ...(s3.anonymous && { credentials: { kind: 'anonymous' } }),
    connections: s3.connection_pool_size,
    timeoutMs: Math.round(s3.timeout_seconds * 1000),
    retry: {
      maxAttempts: s3.retry.max_attempts,
      initialBackoffMs: Math.min(s3.retry.initial_backoff_ms, s3.retry.max_backoff_ms),
      maxBackoffMs: s3.retry.max_backoff_ms,
    },
  }
}

export function buildS3Access(s3: Reached): Pick<S3Settings, 'region' | 'endpoint' | 'credentials' | 'forcePathStyle'> {
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
