/** Rules between the settings of the cache and its tiers. */

import type { Report } from './problem.ts'
import type { Settings } from './schema.ts'

type Bucket = Settings['buckets'][number]
type Redis = Settings['cache']['redis']

/** Whether a bucket caches, and whether any does. */
export function caches(settings: Settings, bucket: Bucket): boolean {
  return bucket.cache.enabled ?? settings.cache.enabled
}

export function isCacheUsed(settings: Settings): boolean {
  return settings.buckets.some((bucket) => caches(settings, bucket))
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

export function checkCache(settings: Settings, report: Report): void {
  const { cache, buckets } = settings
  const isUsed = isCacheUsed(settings)
  if (cache.enabled && buckets.length > 0 && !isUsed)
    report.warn('cache.enabled', 'has no effect: every bucket switches it off')
  if (!cache.enabled && !isUsed) return
  report.wake('cache')
  if (cache.cache_layers.length === 0)
    report.contradict(['cache.cache_layers'], 'must name a tier while the cache is on')
  checkLayer('disk', settings, report)
  checkLayer('redis', settings, report)
  if (cache.cache_layers.includes('memory')) checkMemory(settings, report)
  if (cache.redis.enabled) checkRedis(cache.redis, report)
}

/** A tier is switched on where it is described, and listed where the order is: one without the other is half an intention. */
function checkLayer(name: 'disk' | 'redis', { cache }: Settings, report: Report): void {
  const [enabled, layers] = [`cache.${name}.enabled`, 'cache.cache_layers'] as const
  const at = cache.cache_layers.indexOf(name)
  if (at >= 0 && !cache[name].enabled)
    report.contradict([`${layers}[${at}]`, enabled], `names ${name}, which needs ${enabled}: true`)
  if (at < 0 && cache[name].enabled) report.contradict([enabled, layers], `needs ${name} in cache_layers`)
}

function checkMemory({ cache }: Settings, report: Report): void {
  const { max_item_size_mb: item, max_cache_size_mb: whole } = cache.memory
  const paths = ['cache.memory.max_item_size_mb', 'cache.memory.max_cache_size_mb'] as const
  if (item > whole && report.isGiven(paths[0])) {
    report.contradict([...paths], 'must not be above max_cache_size_mb (default 1024)')
  }
}

function checkRedis(redis: Redis, report: Report): void {
  const [url, sentinel] = ['cache.redis.redis_url', 'cache.redis.sentinel'] as const
  const { master_name: name, hosts } = redis.sentinel
  if (name !== undefined && hosts.length === 0)
    report.contradict([`${sentinel}.hosts`, `${sentinel}.master_name`], 'must name a sentinel')
  if (name === undefined && hosts.length > 0)
    report.contradict([`${sentinel}.master_name`, `${sentinel}.hosts`], 'is required beside hosts')
  if (redisUrls(redis).length === 0 && name === undefined && hosts.length === 0)
    report.contradict([url, sentinel], 'is required, unless sentinel is there')
  if (hasSentinel(redis) && isCluster(redis))
    report.contradict([url, sentinel], 'cannot be a list beside sentinel: Redis Cluster has none')
  checkDatabase(redis, report)
  checkTls(redis, report)
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

function checkTls({ tls }: Redis, report: Report): void {
  const [cert, key] = ['cache.redis.tls.cert_path', 'cache.redis.tls.key_path'] as const
  if (tls.cert_path !== undefined && tls.key_path === undefined)
    report.contradict([cert, key], 'needs key_path beside it')
  if (tls.key_path !== undefined && tls.cert_path === undefined)
    report.contradict([key, cert], 'needs cert_path beside it')
}
