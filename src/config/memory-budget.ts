/** `server.memory_budget_mb`, and what is left of it once every part has what it asks for. */

import type { MemoryConfig } from './config.ts'
import type { Report } from './problem.ts'
import { isCacheUsed } from './rules-cache.ts'
import type { Settings } from './schema.ts'

const mebibyte = 1024 * 1024
/** What waits to be written to a slower tier, and what is being written. */
const writeQueueBytes = 48 * mebibyte
/** Without a budget: as many large objects at once as a pool has connections, and some. */
const defaultFillBytes = 256 * mebibyte
/** For four large objects at once: less would be one after the other. */
const leastFillBytes = 16 * mebibyte

/** Bytes for what is on its way from the origin into the cache. */
export function fillBytesOf({ budgetBytes, cacheBytes }: MemoryConfig): number {
  return budgetBytes === undefined ? defaultFillBytes : Math.max(leastFillBytes, budgetBytes - cacheBytes)
}

export function cacheBytesOf(settings: Settings): number {
  return partsOf(settings).reduce((sum, { bytes }) => sum + bytes, 0)
}

export function checkMemoryBudget(settings: Settings, report: Report): void {
  const { memory_budget_mb: budget } = settings.server
  if (budget === undefined) return
  const left = budget - cacheBytesOf(settings)
  if (left >= leastFillBytes) return
  const parts = partsOf(settings).map(({ name, bytes }) => `${inMegabytes(bytes)} for ${name}`)
  const taken = parts.length === 0 ? '' : ` less ${parts.join(' and ')}`
  const sum = `${inMegabytes(budget)}${taken} leaves ${inMegabytes(left)}`
  report.contradict(
    ['server.memory_budget_mb', 'cache.memory.max_cache_size_mb'],
    `is too small: ${sum} for what is on its way from the origin, which needs ${inMegabytes(leastFillBytes)}`,
  )
}

function partsOf(settings: Settings): readonly { readonly name: string; readonly bytes: number }[] {
  if (!isCacheUsed(settings)) return []
  const { cache_layers: layers, memory } = settings.cache
  const slower = layers.slice(1)
  return [
    ...(layers.includes('memory') ? [{ name: 'the memory tier', bytes: memory.max_cache_size_mb }] : []),
    ...slower.map((name) => ({ name: `writes to ${name}`, bytes: writeQueueBytes })),
  ]
}

function inMegabytes(bytes: number): string {
  return `${Math.round(bytes / mebibyte)} MB`
}
