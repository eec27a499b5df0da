import type { CachePolicy } from '../../src/policy/cache-policy.ts'

/** The defaults of the config, but for what a test is about. */
export function cachePolicy(changes: Partial<CachePolicy> = {}): CachePolicy {
  return {
    enabled: true,
    ttlMs: 3_600_000,
    negativeTtlMs: 10_000,
    staleWhileRevalidateMs: 0,
    staleIfErrorMs: 0,
    respectOrigin: true,
    requestDirectives: 'honour',
    revalidate: 'ttl',
    maxObjectBytes: Number.POSITIVE_INFINITY,
    sliceBytes: 1024 * 1024,
    ...changes,
  }
}
