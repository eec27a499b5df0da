import type { RecordId } from '../base/types.ts'
import type { CacheRecord } from './record.ts'
import type { CacheTier } from './tier.ts'

/** The way of nearly every put to memory. False: `tier` cannot, or failed; the queue is to try, and to tell of failures. */
export function putAtOnce(tier: CacheTier | undefined, id: RecordId, record: CacheRecord): boolean {
  if (tier?.putNow === undefined) return false
  try {
    tier.putNow(id, record)
    return true
  } catch {
    return false
  }
}
