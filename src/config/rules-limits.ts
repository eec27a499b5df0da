/** Rules between the settings of rate limits. */

import { isProtected } from './effective-jwt.ts'
import type { Report } from './problem.ts'
import type { Settings } from './schema.ts'

type Rates = NonNullable<Settings['buckets'][number]['rate_limit']>

/** By the proxy or by a bucket. */
export function isRateLimited({ rate_limiting: proxy, buckets }: Settings): boolean {
  return proxy.enabled || buckets.some((bucket) => bucket.rate_limit !== undefined)
}

/** Whether what is limited is counted in Redis. */
export function sharesLimits(settings: Settings): boolean {
  return isRateLimited(settings) && settings.rate_limiting.backend === 'redis'
}

export function checkLimits(settings: Settings, report: Report): void {
  const { rate_limiting: proxy, buckets } = settings
  // `enabled: false` says so; who leaves it out may well believe to be protected.
  if (!report.isGiven('rate_limiting.enabled') && !limitsNothing(proxy))
    report.warn('rate_limiting', 'has no effect without enabled: true')
  if (!isRateLimited(settings)) return
  // These count for the limits of buckets too.
  const shared = ['backend', 'algorithm', 'window_seconds'].map((key) => `rate_limiting.${key}`)
  report.wake('rate_limiting', shared)
  if (proxy.algorithm === 'token_bucket' && report.isGiven('rate_limiting.window_seconds'))
    report.warn('rate_limiting.window_seconds', 'has no effect: a token bucket has no window')
  const nothing = 'limits nothing: it says none of global, per_ip and per_user'
  if (proxy.enabled && limitsNothing(proxy)) report.warn('rate_limiting', nothing)
  buckets.forEach(({ rate_limit: own }, index) => {
    if (own !== undefined && limitsNothing(own)) report.warn(`buckets[${index}].rate_limit`, nothing)
  })
  warnOfUserLimits(settings, report)
}

/** Users are known by their tokens alone. */
function warnOfUserLimits(settings: Settings, report: Report): void {
  const { rate_limiting: proxy, buckets } = settings
  const isPublic = (bucket: (typeof buckets)[number]) => !isProtected(settings, bucket)
  if (proxy.enabled && proxy.per_user !== undefined && buckets.every(isPublic))
    report.warn('rate_limiting.per_user', 'has no effect: no bucket asks for a token')
  buckets.forEach((bucket, index) => {
    if (bucket.rate_limit?.per_user !== undefined && isPublic(bucket))
      report.warn(`buckets[${index}].rate_limit.per_user`, 'has no effect: the bucket asks for no token')
  })
}

function limitsNothing({ global, per_ip, per_user }: Rates): boolean {
  return global === undefined && per_ip === undefined && per_user === undefined
}
