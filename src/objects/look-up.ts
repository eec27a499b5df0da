/** From a look into the store to what there is for a request. */

import type { CacheKey } from '../cache/cache-key.ts'
import type { CacheRecord } from '../cache/record.ts'
import type { RecordStore, Found as StoreFound } from '../cache/tiered-store.ts'
import { variantOf } from '../policy/vary.ts'
import type { Found, StoredAnswer, StoredHere } from './asking.ts'
import type { Wanted } from './wanted.ts'

type VaryMarker = Extract<CacheRecord, { kind: 'vary' }>

/** What was found under a key, as far as it is this origin's. */
function at(key: CacheKey, found: StoreFound | undefined, wanted: Wanted, varyNames: readonly string[] = none): Found {
  if (found?.record.kind !== 'object' || found.record.head.originFingerprint !== wanted.site.origin.fingerprint) {
    found?.release?.()
    return { key, varyNames }
  }
  const { head, body } = found.record
  return { key, varyNames, stored: { head, body, tier: found.tier, release: found.release } }
}

const none: readonly string[] = []

/** How a store is asked. */
type Manner = 'get' | 'lend'

/** What there is for a request by its first look: of the variant, where that found a marker. A promise only then. */
export function follow<By extends Manner>(
  first: StoreFound | undefined,
  wanted: Wanted,
  store: Pick<RecordStore, By>,
  by: By,
): Found | Promise<Found> {
  return first?.record.kind === 'vary' ? atVariant(first.record, wanted, store, by) : at(wanted.key, first, wanted)
}

async function atVariant<By extends Manner>(
  marker: VaryMarker,
  wanted: Wanted,
  store: Pick<RecordStore, By>,
  by: By,
): Promise<Found> {
  if (marker.originFingerprint !== wanted.site.origin.fingerprint) return at(wanted.key, undefined, wanted)
  const key = wanted.key.withVariant(variantOf(marker.names, wanted.header))
  return at(key, await store[by](key.id, wanted.timeline), wanted, marker.names)
}

/** With bytes that may be kept, put again and handed on: a loan ends here. */
export function owned(found: Found): Found {
  const { stored } = found
  if (stored?.release === undefined) return found
  const { head, body, tier, release } = stored
  const kept: StoredHere = { head, body: body && new Uint8Array(body), tier }
  release()
  return { ...found, stored: kept }
}

/** A small object without its bytes (learnt from a HEAD) answers only a HEAD. */
export function answers({ head, body }: StoredAnswer, method: 'GET' | 'HEAD'): boolean {
  return method === 'HEAD' || body !== undefined || head.absence !== undefined || head.size > head.sliceBytes
}
