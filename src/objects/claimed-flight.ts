/** A flight that asks the origin only while no other thread of the process asks for the same. */

import { ProxyError } from '../base/errors.ts'
import type { EpochMs, RecordId } from '../base/types.ts'
import type { PurgeLog } from '../cache/purge-log.ts'
import type { ObjectHead } from '../cache/record.ts'
import { judgeFreshness } from '../policy/freshness.ts'
import type { Asking, Found } from './asking.ts'
import type { Fly, Land } from './flight.ts'
import { answers, follow } from './look-up.ts'
import type { Claimed, Outcome, Peers } from './peers.ts'
import { StoredObject, type StoredPorts } from './stored-object.ts'
import type { UncacheableMemory } from './uncacheable-memory.ts'
import type { Wanted } from './wanted.ts'

export interface ClaimPorts extends StoredPorts {
  readonly peers: Peers
  readonly uncacheable: UncacheableMemory
  readonly purges: PurgeLog
}

/** Longer than nearly every exchange, and shorter than clients wait: one that hangs does not take other threads' requests with it. */
const patienceMs = 10_000

/** `ask`: asks the origin. It is not called where another thread's answer will do. */
export function flyClaimed(ask: Fly, asking: Asking, wanted: Wanted, ports: ClaimPorts): Fly {
  const { peers, clock, uncacheable } = ports
  const { method, key, origin, timeline } = asking
  return async (signal, told) => {
    const startedAt = clock.now()
    const until = clock.monotonicMs() + patienceMs
    const question = { method, id: key.id, originFingerprint: origin.fingerprint, startedAt }
    for (let hasLooked = false; ; hasLooked = true) {
      const wait = timeline?.join(undefined)
      const claimed = await peers.claim({ ...question, hasLooked }, Math.max(0, until - clock.monotonicMs()), signal)
      wait?.end()
      if (claimed.kind === 'mine') return giveBackAfter(ask(signal, told), claimed)
      if (claimed.kind === 'alone') {
        if (claimed.why !== undefined) uncacheable.remember(asking.base, claimed.why)
        return ask(signal, told)
      }
      const land = await landOthers(claimed, startedAt, asking, wanted, ports)
      if (land !== undefined) return land
    }
  }
}

/**
 * RFC 9111 §5.2.1.4, §4.3: what the origin said before the request has to be fresh for it. What it said since then is an
 * answer to it, unless it was purged.
 */
export function mayServe(
  id: RecordId,
  head: ObjectHead,
  since: EpochMs,
  { site, directives }: Wanted,
  { purges, clock }: Pick<ClaimPorts, 'purges' | 'clock'>,
): boolean {
  if (head.storedAt > since) return !purges.isOutdated(id, head.tags ?? [], head.requestedAt)
  return judgeFreshness(site.lifetimes.of(id, head), directives, clock.now()).kind === 'fresh'
}

async function giveBackAfter(asked: Promise<Land>, claim: Extract<Claimed, { kind: 'mine' }>): Promise<Land> {
  try {
    const land = await asked
    void (land.arriving ?? Promise.resolve()).then(() => claim.giveBack(land.outcome ?? { kind: 'look' }))
    return land
  } catch (error) {
    claim.giveBack(outcomeOf(error)) // and let those who waited here hear of it as well
    throw error
  }
}

/** Only what the origin did is shared: that nobody waits here any more is nothing to others. */
function outcomeOf(error: unknown): Outcome {
  if (!(error instanceof ProxyError) || error.source !== 'origin') return { kind: 'look' }
  const { code, message, retryAfterSeconds, detail, timeout } = error
  const options = {
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    ...(detail !== undefined && { detail }),
    ...(timeout !== undefined && { timeout }),
  }
  return { kind: 'failed', failure: { code, message, options } }
}

/** Undefined: the origin has to be asked again. */
async function landOthers(
  outcome: Exclude<Outcome, { kind: 'alone' }>,
  startedAt: EpochMs,
  asking: Asking,
  wanted: Wanted,
  ports: ClaimPorts,
): Promise<Land | undefined> {
  if (outcome.kind === 'failed') {
    const { code, message, options } = outcome.failure
    throw new ProxyError(code, message, options)
  }
  if (outcome.kind === 'missing') {
    const { head } = outcome
    return mayServe(asking.key.id, head, startedAt, wanted, ports) ? landMissing(head, false) : undefined
  }
  const { store } = ports
  const found = await follow(await store.get(wanted.key.id, wanted.timeline), wanted, store, 'get')
  // The answer came with a Vary that was not known: everybody looks for what is theirs.
  if (found.key.id !== asking.key.id) return { give: () => ({ kind: 'again' }) }
  const { stored } = found
  if (stored === undefined || !answers(stored, asking.method)) return undefined
  if (!mayServe(found.key.id, stored.head, startedAt, wanted, ports)) return undefined
  return stored.head.absence === undefined ? landFound(stored, asking, ports) : landMissing(stored.head, true)
}

function landFound({ head, body }: NonNullable<Found['stored']>, asking: Asking, ports: ClaimPorts): Land {
  const isConfirmed = asking.stored?.head.etag === head.etag
  return {
    give: (_header, _seat, timeline) => ({
      kind: 'object',
      object: new StoredObject({ ...asking, head, whole: body, timeline, isLeader: false }, ports),
      how: isConfirmed ? 'confirmed' : 'stored',
      status: isConfirmed ? 304 : head.status,
      isOthers: true,
    }),
  }
}

function landMissing(head: ObjectHead, isStored: boolean): Land {
  return { give: () => ({ kind: 'missing', head, isStored, isOthers: true }) }
}
