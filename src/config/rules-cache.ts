/** Rules between the settings of the cache and its tiers. What Redis needs is in `rules-redis.ts`. */

import type { Report } from './problem.ts'
import type { Settings } from './schema.ts'

type Bucket = Settings['buckets'][number]

/** Whether a bucket caches, and whether any does. */
export function caches(settings: Settings, bucket: Bucket): boolean {
  return bucket.cache.enabled ?? settings.cache.enabled
}

export function isCacheUsed(settings: Settings): boolean {
  return settings.buckets.some((bucket) => caches(settings, bucket))
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
