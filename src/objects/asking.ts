import type { Timeline } from '../base/trace.ts'
import type { HeaderList, RangeSpec, TierName } from '../base/types.ts'
import type { CacheKey } from '../cache/cache-key.ts'
import type { ObjectHead } from '../cache/record.ts'
import type { ObjectRef, Origin } from '../origin/origin.ts'
import type { CachePolicy } from '../policy/cache-policy.ts'
import type { HeaderOf, Wanted } from './wanted.ts'

/** What is asked of the origin, and where its answer belongs. */
export interface Asking {
  /** Without a variant: where a Vary marker would live. */
  readonly base: CacheKey
  /** What was looked up: `base`, or the variant that its marker led to. */
  readonly key: CacheKey
  readonly ref: ObjectRef
  readonly origin: Origin
  readonly policy: CachePolicy
  readonly method: 'GET' | 'HEAD'
  readonly range?: RangeSpec | undefined
  readonly forwarded: HeaderList
  /** The request the exchange is made for, to tell its variant. */
  readonly header: HeaderOf
  /** A stored answer to confirm. */
  readonly stored?: StoredAnswer | undefined
  readonly mayStore: boolean
  /** Of the request the exchange is made for. */
  readonly timeline?: Timeline | undefined
}

export interface StoredAnswer {
  readonly head: ObjectHead
  readonly body: Uint8Array | undefined
}

/** What a look-up came to. */
export interface Found {
  /** What was looked up last: the variant's key when a marker led there. */
  readonly key: CacheKey
  readonly varyNames: readonly string[]
  readonly stored?: StoredHere
}

export interface StoredHere extends StoredAnswer {
  readonly tier: TierName
  /** Its body is only lent. */
  readonly release?: (() => void) | undefined
}

export function asking(found: Found, wanted: Wanted): Asking {
  const { ref, site, method, header, mayStore, timeline } = wanted
  const { origin, policy } = site
  return {
    base: wanted.key,
    key: found.key,
    ref,
    origin,
    policy,
    method,
    range: method === 'GET' && wanted.range !== undefined ? aligned(wanted.range, policy.sliceBytes) : undefined,
    forwarded: wanted.forwarded(found.varyNames),
    header,
    stored: found.stored?.head.absence === undefined ? found.stored : undefined,
    mayStore,
    timeline,
  }
}

/** The whole slices around a range. A suffix is asked with a slice more, so that its first one is whole wherever it begins. */
function aligned(range: RangeSpec, sliceBytes: number): RangeSpec | undefined {
  if ('suffix' in range) return { suffix: range.suffix + sliceBytes }
  const start = Math.floor(range.start / sliceBytes) * sliceBytes
  if (range.end === undefined) return start === 0 ? undefined : { start }
  return { start, end: Math.ceil(range.end / sliceBytes) * sliceBytes }
}
