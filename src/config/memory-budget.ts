/** `server.memory_budget_mb`: what each part has of it, and what they leave for what is on its way from the origin. */

import { writeBytes } from '../cache/queue-bounds.ts'
import { tableBytes } from '../limits/key-table.ts'
import type { MemoryConfig } from './config.ts'
import { effectiveJwt, isProtected } from './effective-jwt.ts'
import type { Report } from './problem.ts'
import { isCacheUsed } from './rules-cache.ts'
import { isRateLimited } from './rules-limits.ts'
import { threadsOf, workersOf } from './rules-workers.ts'
import type { Settings } from './schema.ts'

const mebibyte = 1024 * 1024
/** Without a budget: as many large objects at once as a pool has connections, and some. */
const defaultFillBytes = 256 * mebibyte
/** For four large objects at once: less would be one after the other. */
const leastFillBytes = 16 * mebibyte
/** Of the verified tokens of one verifier on one thread: 10,000 of 800 characters. */
const usualTokenBytes = 16 * mebibyte
/** A record takes a block of the disk at least, and of the index 256 bytes where ids are long. */
const indexShareOfDisk = 256 / 4096
/** Some ten thousand records. */
const leastIndexBytes = 4 * mebibyte
/** Of what is left when everything that cannot be smaller has its part. What is forgotten too early is verified again, or fetched. */
const [tokenShare, indexShare] = [1 / 8, 1 / 4]

interface Part {
  readonly name: string
  readonly bytes: number
}

/** Bytes for what is on its way from the origin into the cache. */
export function fillBytesOf({ budgetBytes, tierBytes, accessBytes }: MemoryConfig): number {
  return budgetBytes === undefined ? defaultFillBytes : Math.max(leastFillBytes, budgetBytes - tierBytes - accessBytes)
}

export function buildMemory(settings: Settings): MemoryConfig {
  const { memory_budget_mb: budgetBytes } = settings.server
  const { tiers, index, limits, tokens, verifiers } = partsOf(settings)
  return {
    budgetBytes,
    tierBytes: sumOf(tiers) + (index?.bytes ?? 0),
    indexBytes: budgetBytes === undefined ? undefined : index?.bytes,
    accessBytes: sumOf(limits) + sumOf(tokens),
    verifierBytes: budgetBytes === undefined ? usualTokenBytes : Math.floor(sumOf(tokens) / Math.max(1, verifiers)),
  }
}

export function checkMemoryBudget(settings: Settings, report: Report): void {
  const { memory_budget_mb: budget } = settings.server
  if (budget === undefined) return
  const { tiers, index, limits, tokens } = partsOf(settings)
  const parts = [...tiers, ...(index === undefined ? [] : [index]), ...limits, ...tokens]
  const left = budget - sumOf(parts)
  if (left >= leastFillBytes) return
  const told = parts.map(({ name, bytes }) => `${inMegabytes(bytes)} for ${name}`)
  const taken = told.length === 0 ? '' : ` less ${new Intl.ListFormat('en-GB').format(told)}`
  report.contradict(
    ['server.memory_budget_mb', 'cache.memory.max_cache_size_mb'],
    `is too small: ${inMegabytes(budget)}${taken} leaves ${inMegabytes(left)} for what is on its way from the origin, which needs ${inMegabytes(leastFillBytes)}`,
  )
}

function partsOf(settings: Settings) {
  const { memory_budget_mb: budget = Infinity } = settings.server
  const tiers = tierParts(settings)
  const limits = limitParts(settings)
  const rest = Math.max(0, budget - sumOf(tiers) - sumOf(limits))
  const verifiers = verifiersOf(settings) * workersOf(settings)
  const tokenBytes = Math.min(verifiers * usualTokenBytes, rest * tokenShare)
  return {
    tiers,
    limits,
    verifiers,
    index: indexPart(settings, rest),
    tokens: verifiers === 0 ? [] : [{ name: 'verified tokens', bytes: Math.floor(tokenBytes) }],
  }
}

function tierParts(settings: Settings): readonly Part[] {
  if (!isCacheUsed(settings)) return []
  const { cache_layers: layers, memory } = settings.cache
  return [
    ...(layers.includes('memory') ? [{ name: 'the memory tier', bytes: memory.max_cache_size_mb }] : []),
    ...layers.slice(1).map((name) => ({ name: `writes to ${name}`, bytes: writeBytes(threadsOf(settings)) })),
  ]
}

function indexPart(settings: Settings, rest: number): Part | undefined {
  const { cache_layers: layers, disk } = settings.cache
  if (!isCacheUsed(settings) || !layers.includes('disk')) return undefined
  const most = disk.max_disk_cache_size_mb * indexShareOfDisk
  return {
    name: 'the index of the disk',
    bytes: Math.floor(Math.max(leastIndexBytes, Math.min(most, rest * indexShare))),
  }
}

/** A table for each limit that tells addresses or users apart. */
function limitParts(settings: Settings): readonly Part[] {
  if (!isRateLimited(settings)) return []
  const { rate_limiting: proxy, buckets } = settings
  const rates = [proxy.enabled ? proxy : undefined, ...buckets.map((bucket) => bucket.rate_limit)]
  const tables = rates.flatMap((rate) => [rate?.per_ip, rate?.per_user]).filter((rate) => rate !== undefined).length
  return tables === 0 ? [] : [{ name: 'counts of rate limits', bytes: tables * tableBytes }]
}

/** Those of administrators remember few tokens. */
function verifiersOf(settings: Settings): number {
  const jwts = settings.buckets
    .filter((bucket) => isProtected(settings, bucket))
    .map((bucket) => ({ ...effectiveJwt(settings, bucket), claims: [] }))
  return new Set(jwts.map((jwt) => JSON.stringify(jwt))).size
}

function sumOf(parts: readonly Part[]): number {
  return parts.reduce((sum, { bytes }) => sum + bytes, 0)
}

function inMegabytes(bytes: number): string {
  return `${Math.round(bytes / mebibyte)} MB`
}
