/** `GET /admin/cache/stats` and `/admin/cache/stats/{bucket}`. */

import { ProxyError } from '../base/errors.ts'
import { readQuery } from './arguments.ts'
import { decodedRest, everything, ofBucket, only, page, type Resource } from './call.ts'
import type { AdminPorts, CacheCounts, CacheStats, SavedCounts } from './ports.ts'

export function statsResources({ stats, hasBucket }: Pick<AdminPorts, 'stats' | 'hasBucket'>): readonly Resource[] {
  return [
    {
      path: '/admin/cache/stats',
      expect: everything,
      actions: only('GET', 'stats', async ({ request }) => {
        readQuery(request, [])
        return answer(stats())
      }),
    },
    {
      path: '/admin/cache/stats/',
      expect: ofBucket,
      actions: only('GET', 'stats', async ({ request, rest, note }) => {
        const bucket = decodedRest(rest)
        note({ bucket })
        readQuery(request, [])
        if (!hasBucket(bucket)) throw new ProxyError('UnknownBucket', 'stats of a bucket that is not in the config')
        return answer(stats(bucket))
      }),
    },
  ]
}

function answer({ total, tiers, buckets }: CacheStats) {
  return page(200, {
    total: { ...rowOf(total), savings: savingsOf(total) },
    tiers: rowsOf(tiers, rowOf),
    buckets: rowsOf(buckets, (row) => ({ ...rowOf(row), savings: savingsOf(row) })),
  })
}

function rowsOf<Counts>(rows: ReadonlyMap<string, Counts>, tell: (counts: Counts) => object) {
  return Object.fromEntries([...rows].map(([name, counts]) => [name, tell(counts)]))
}

function rowOf({ hits, misses, evictions, bytes, items, maxBytes, isEstimate }: CacheCounts) {
  return {
    hits,
    misses,
    hit_rate: hits + misses === 0 ? 0 : hits / (hits + misses),
    evictions,
    current_size_bytes: bytes,
    current_item_count: items,
    max_size_bytes: maxBytes,
    ...(isEstimate === true && { is_estimate: true }),
  }
}

function savingsOf({ requestsAvoided, bytesAvoided, dollarsSaved, dollarsSpent }: SavedCounts) {
  return {
    origin_requests_avoided: requestsAvoided,
    origin_bytes_avoided: bytesAvoided,
    dollars_saved: rounded(dollarsSaved),
    dollars_spent: rounded(dollarsSpent),
  }
}

/** One request costs less than a millionth of a dollar; more digits than these are those of binary fractions. */
function rounded(dollars: number): number {
  return Math.round(dollars * 1e9) / 1e9
}
