/** What a run reads from: a range of one version of an object, as an origin sends it. */

import { ProxyError } from '../base/errors.ts'
import type { Timeline } from '../base/trace.ts'
import type { ByteRange, HeaderList } from '../base/types.ts'
import type { ObjectHead } from '../cache/record.ts'
import type { ObjectRef, Origin, OriginBody, OriginQuery } from '../origin/origin.ts'
import { isMadeUp } from '../policy/validators.ts'

/** A body no longer than this comes in whole though nobody reads it, and gives its connection back. */
const arrivesUnread = 64 * 1024

export interface PinnedBody {
  readonly body: OriginBody
  /** Which byte of the object it begins with. */
  readonly start: number
  /** Which replica sends it. Absent: there is no other that could go on with it. */
  readonly replica?: string | undefined
}

export interface PinnedQuestion {
  readonly head: ObjectHead
  readonly ref: ObjectRef
  readonly origin: Origin
  readonly forwarded: HeaderList
  /** Of the request that began it. */
  readonly timeline?: Timeline | undefined
}

/** The body may begin before `range` does. Rejects with `ObjectChanged` when this version is not to be had. */
export async function askPinned(
  { head, ref, origin, forwarded, timeline }: PinnedQuestion,
  range: ByteRange,
  signal: AbortSignal,
  how: Pick<OriginQuery, 'avoid' | 'isGoingOn'>,
): Promise<PinnedBody> {
  const pinned = { method: 'GET', headers: forwarded, range, ifMatch: head.etag, signal, timeline } as const
  const answer = await origin.ask(ref, { ...pinned, ...how })
  if (answer.kind !== 'object') {
    throw new ProxyError('ObjectChanged', `origin answered '${answer.kind}' to a pinned range`)
  }
  if (answer.head.status >= 500) {
    answer.body.cancel()
    throw new ProxyError('OriginError', `origin answered ${answer.head.status} to a pinned range`)
  }
  const isSame = answer.head.status === 200 && answer.head.etag === head.etag && answer.head.size === head.size
  if (!isSame || answer.start > range.start) {
    answer.body.cancel()
    throw new ProxyError('ObjectChanged', 'origin answered a pinned range with another version')
  }
  return answer
}

/**
 * Whoever waits for memory keeps no connection: those who have the memory may wait for one, and neither would come to anything.
 * Only what cannot be asked for again is kept.
 */
export function letGo(opened: PinnedBody | undefined, { etag, size, status }: ObjectHead): PinnedBody | undefined {
  if (size <= arrivesUnread || status !== 200 || isMadeUp(etag)) return opened
  opened?.body.cancel()
  return undefined
}
