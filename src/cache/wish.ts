import type { RecordId } from '../base/types.ts'
import { type CacheRecord, type ObjectHead, tagsOf } from './record.ts'
import { covers, type Scope } from './scope.ts'
import type { CacheTier, Listed, Removed } from './tier.ts'
import type { UnderWay } from './under-way.ts'

/** What a tier is to be brought to hold under one id. */
export interface Wish {
  readonly id: RecordId
  /** Undefined: the tier is to forget the id. */
  readonly record: CacheRecord | undefined
  readonly bytes: number
  /** Somebody waits for it: it does not queue. */
  readonly isUrgent: boolean
  readonly settle: (removed: Removed) => void
  readonly settled: Promise<Removed>
}

export const nothing: Removed = { entries: 0, bytes: 0 }

export function putOf(id: RecordId, record: CacheRecord, bytes: number): Wish {
  return { id, record, bytes, isUrgent: false, ...settling() }
}

export function removalOf(id: RecordId): Wish {
  return { id, record: undefined, bytes: 0, isUrgent: true, ...settling() }
}

/** A removal that nobody waits for. */
export function owedRemovalOf(id: RecordId): Wish {
  return { ...removalOf(id), isUrgent: false }
}

export interface Seen {
  readonly head: ObjectHead
  readonly listed: Listed
}

/** How the head looks that is wished for. */
export function seenIn({ id, record, bytes }: Wish): Seen | undefined {
  return record?.kind === 'object' ? { head: record.head, listed: { id, bytes, hits: undefined } } : undefined
}

/** Tells of what the tier would list if all wishes were true. What it does not hold yet comes last. */
export async function eachWished(
  tier: Pick<CacheTier, 'each'>,
  wishes: Pick<UnderWay<RecordId, Wish>, 'get' | 'values'>,
  scope: Scope,
  visit: (listed: Listed, isWished: boolean) => void,
): Promise<void> {
  const coming = new Map<RecordId, Wish>()
  for (const wish of wishes.values()) {
    if (wish.record !== undefined && covers(scope, wish.id, tagsOf(wish.record))) coming.set(wish.id, wish)
  }
  await tier.each(scope, (listed) => {
    const wish = wishes.get(listed.id)
    coming.delete(listed.id)
    if (wish === undefined || wish.record !== undefined) visit(listed, wish !== undefined)
  })
  for (const { id, bytes } of coming.values()) visit({ id, bytes, hits: undefined }, true)
}

function settling(): Pick<Wish, 'settle' | 'settled'> {
  const { promise: settled, resolve: settle } = Promise.withResolvers<Removed>()
  return { settle, settled }
}
