/** Rules between the settings of Redis, for the tier and for the limits that use it. */

import type { Report } from './problem.ts'
import { isCacheUsed } from './rules-cache.ts'
import { sharesLimits } from './rules-limits.ts'
import { checkKeyPair } from './rules-tls.ts'
import type { Settings } from './schema.ts'

type Redis = Settings['cache']['redis']

/** By the tier, or by limits that are shared. */
export function isRedisUsed(settings: Settings): boolean {
  return isRedisTierUsed(settings) || sharesLimits(settings)
}

function isRedisTierUsed(settings: Settings): boolean {
  return settings.cache.redis.enabled && isCacheUsed(settings)
}

export function hasSentinel({ sentinel }: Redis): boolean {
  return sentinel.master_name !== undefined && sentinel.hosts.length > 0
}

/** Several nodes, or one that is written as a list. */
export function isCluster({ redis_url: url }: Redis): boolean {
  return typeof url !== 'string' && url.length > 0
}

export function redisUrls({ redis_url: url }: Redis): readonly string[] {
  return typeof url === 'string' ? [url] : url
}

export function checkRedis(settings: Settings, report: Report): void {
  const { redis } = settings.cache
  if (sharesLimits(settings)) {
    report.wake('cache', ['cache.redis'])
    report.wake('cache.redis')
  }
  if (!isRedisUsed(settings)) return
  const isNamed =
    redisUrls(redis).length > 0 || redis.sentinel.master_name !== undefined || redis.sentinel.hosts.length > 0
  if (isNamed) checkServer(redis, report)
  else if (isRedisTierUsed(settings))
    report.contradict(['cache.redis.redis_url', 'cache.redis.sentinel'], 'is required, unless sentinel is there')
  else
    report.contradict(
      ['rate_limiting.backend', 'cache.redis.redis_url', 'cache.redis.sentinel'],
      'is redis, which needs cache.redis.redis_url or cache.redis.sentinel',
    )
}

function checkServer(redis: Redis, report: Report): void {
  const [url, sentinel] = ['cache.redis.redis_url', 'cache.redis.sentinel'] as const
  const { master_name: name, hosts } = redis.sentinel
  if (name !== undefined && hosts.length === 0)
    report.contradict([`${sentinel}.hosts`, `${sentinel}.master_name`], 'must name a sentinel')
  if (name === undefined && hosts.length > 0)
    report.contradict([`${sentinel}.master_name`, `${sentinel}.hosts`], 'is required beside hosts')
  if (hasSentinel(redis) && isCluster(redis))
    report.contradict([url, sentinel], 'cannot be a list beside sentinel: Redis Cluster has none')
  checkDatabase(redis, report)
  checkKeyPair(redis.tls, 'cache.redis.tls', report)
}

function checkDatabase(redis: Redis, report: Report): void {
  const [url, db] = ['cache.redis.redis_url', 'cache.redis.redis_db'] as const
  const inUrls = redisUrls(redis).map((text) => Number(/\/(\d+)$/.exec(text)?.[1] ?? 0))
  const inUrl = inUrls.find((number) => number > 0)
  if (isCluster(redis)) {
    if (redis.redis_db > 0) report.contradict([db, url], 'must be 0 with Redis Cluster')
    if (inUrl !== undefined) report.contradict([url], 'cannot name a database: Redis Cluster has only 0')
    const schemes = new Set(redisUrls(redis).flatMap((text) => text.match(/^rediss?:/) ?? []))
    if (schemes.size > 1) report.contradict([url], 'must be redis:// or rediss:// throughout')
  } else if (inUrl !== undefined && redis.redis_db > 0 && inUrl !== redis.redis_db) {
    report.contradict([db, url], 'is given twice: here and in redis_url')
  }
}
