/** Settings of rate limits into those of the limiter. */

import { buildRedisOptions } from './build-redis.ts'
import type { RateLimitingConfig, RateLimits } from './config.ts'
import type { PemFiles } from './pem-files.ts'
import { isRateLimited, sharesLimits } from './rules-limits.ts'
import type { Settings } from './schema.ts'

type Rates = Settings['buckets'][number]['rate_limit']

export function buildRateLimiting(settings: Settings, redisPems: PemFiles | undefined): RateLimitingConfig | undefined {
  if (!isRateLimited(settings)) return undefined
  const { rate_limiting: proxy, cache } = settings
  return {
    algorithm: proxy.algorithm,
    windowMs: Math.round(proxy.window_seconds * 1000),
    redis: sharesLimits(settings)
      ? { options: buildRedisOptions(cache.redis, redisPems), keyPrefix: cache.redis.redis_key_prefix }
      : undefined,
    ...buildRates(proxy.enabled ? proxy : undefined),
  }
}

export function buildRates(rates: Rates): RateLimits {
  return { global: buildRate(rates?.global), perIp: buildRate(rates?.per_ip), perUser: buildRate(rates?.per_user) }
}

function buildRate(rate: NonNullable<Rates>['global']): RateLimits['global'] {
  if (rate === undefined) return undefined
  const { requests_per_second: requestsPerSecond, burst_size: burst } = rate
  return { requestsPerSecond, burst: burst ?? Math.ceil(requestsPerSecond) }
}
