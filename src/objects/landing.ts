/** What becomes of an origin's answer: what is stored, what is remembered, and what each of those who waited gets. */

import { ProxyError } from '../base/errors.ts'
import type { HeaderList } from '../base/types.ts'
import type { CacheKey } from '../cache/cache-key.ts'
import type { PurgeLog } from '../cache/purge-log.ts'
import { type ObjectHead, sliceCount } from '../cache/record.ts'
import type { OriginAnswer } from '../origin/origin.ts'
import { confirms, refreshedHeaders } from '../policy/not-modified.ts'
import { judgeStoring, type Storing } from '../policy/storing.ts'
import { tagsIn } from '../policy/tags.ts'
import { validatorTag } from '../policy/validators.ts'
import { variantOf } from '../policy/vary.ts'
import type { Asking, StoredAnswer } from './asking.ts'
import { collect } from './collect.ts'
import type { Land, Landing, Seat } from './flight.ts'
import { PassingObject } from './passing-object.ts'
import type { SliceRun } from './slice-run.ts'
import { StoredObject, type StoredPorts } from './stored-object.ts'
import type { UncacheableMemory } from './uncacheable-memory.ts'
import type { HeaderOf } from './wanted.ts'

export interface LandingPorts extends StoredPorts {
  readonly uncacheable: UncacheableMemory
  readonly purges: Pick<PurgeLog, 'isOutdated'>
}

type ObjectAnswer = Extract<OriginAnswer, { kind: 'object' }>
type NotModified = Extract<OriginAnswer, { kind: 'not-modified' }>
type Missing = Extract<OriginAnswer, { kind: 'missing' }>

/** `told` hears at once what the answer says of the object's freshness, whether or not it will be stored. */
export function land(
  answer: OriginAnswer,
  asking: Asking,
  ports: LandingPorts,
  told: (head: ObjectHead) => void,
): Land | Promise<Land> {
  switch (answer.kind) {
    case 'object': {
      const head = headOf(answer.head, answer.head.size ?? 0, asking)
      told(head)
      return landObject(answer, head, asking, ports)
    }
    case 'not-modified': {
      const { stored } = asking
      if (stored === undefined)
        throw new ProxyError('OriginMalformed', 'origin answered 304 to a request without a condition')
      const head = refreshedHead(stored.head, answer)
      told(head)
      return landConfirmed(answer, { head, body: stored.body }, stored, asking, ports)
    }
    case 'missing': {
      const head = absentHead(answer, asking)
      told(head)
      return landMissing(head, asking, ports)
    }
    default:
      throw new ProxyError('OriginMalformed', `origin answered '${answer.kind}' to a request without such a condition`)
  }
}

/** `told`: as it will be stored, where the answer says how long the object is. */
function landObject(answer: ObjectAnswer, told: ObjectHead, asking: Asking, ports: LandingPorts): Land | Promise<Land> {
  if (!asking.mayStore) return landPassing(answer, asking)
  const { status, headers, size, etag } = answer.head
  const storing = judgeStoring({ status, headers, size, etag }, asking.policy)
  if (storing.kind === 'refuse') return landRefused(answer, storing, asking, ports)
  if (size !== undefined) return keep(answer, asking, storing.varyNames, { head: told }, ports)
  return asking.method === 'HEAD' ? landPassing(answer, asking) : landUnsized(answer, storing.varyNames, asking, ports)
}

type Refused = Extract<Storing, { kind: 'refuse' }>

/** An answer that may not be stored takes the place of what was stored, unless it only says that the origin is failing. */
async function landRefused(
  answer: ObjectAnswer,
  { memorable, reason }: Refused,
  asking: Asking,
  ports: LandingPorts,
): Promise<Land> {
  if (memorable) ports.uncacheable.remember(asking.base, reason)
  if (asking.stored !== undefined && answer.head.status < 500) await ports.store.remove(asking.key.id)
  return landPassing(answer, asking, memorable ? reason : undefined)
}

/** Only one that turns out to be short is kept. */
async function landUnsized(
  answer: ObjectAnswer,
  varyNames: readonly string[],
  asking: Asking,
  ports: LandingPorts,
): Promise<Land> {
  const { sliceBytes, maxObjectBytes } = asking.policy
  const collected = await collect(answer.body, Math.min(sliceBytes, maxObjectBytes))
  if (collected.kind === 'longer') {
    ports.uncacheable.remember(asking.base, 'too-large')
    return landPassing({ ...answer, body: collected.body }, asking, 'too-large')
  }
  const { bytes } = collected
  return keep(answer, asking, varyNames, { head: headOf(answer.head, bytes.length, asking), whole: bytes }, ports)
}

/** An answer as its one reader sees it, past the cache. A size of -1: not known. */
export function passingObject({ head, body, start }: ObjectAnswer): PassingObject {
  return new PassingObject(cutHead(head, head.size ?? -1, 0, ''), body, start)
}

/** For the one it was made for; another can use it only if it is not one reader's range. `why`: it will be so again. */
function landPassing(answer: ObjectAnswer, asking: Asking, why?: string): Land {
  const { head, body } = answer
  let isTaken = false
  return {
    give(_header, seat) {
      if (seat === 'later' || (seat === 'first' && asking.range !== undefined))
        return { kind: 'alone', status: head.status }
      isTaken = true
      return { kind: 'object', object: passingObject(answer), how: 'passing', status: head.status }
    },
    done() {
      if (!isTaken) body.cancel()
    },
    // An origin that fails is asked by one thread after the other.
    ...(head.status < 500 && { outcome: { kind: 'alone', ...(why !== undefined && { why }) } }),
  }
}

async function keep(
  answer: ObjectAnswer,
  asking: Asking,
  varyNames: readonly string[],
  { head, whole }: { readonly head: ObjectHead; readonly whole?: Uint8Array },
  ports: LandingPorts,
): Promise<Land> {
  const key = varyNames.length === 0 ? asking.base : await variantPlace(asking, varyNames, ports)
  ports.uncacheable.forget(asking.base)
  const known =
    head.size === 0 ? new Uint8Array() : (whole ?? bodyConfirmedByHead(asking, head) ?? bodyCome(answer, head, ports))
  if (known !== undefined || asking.method === 'HEAD') {
    answer.body.cancel()
    const record = { kind: 'object', head, ...(known && { body: known }) } as const
    // Nobody waits for a tier. A store that is closed rejects, and nobody looks there any more.
    const arriving = ports.store.put(key.id, record).catch(() => {})
    return { ...landStored(asking, key, head, known, undefined, varyNames, ports), arriving }
  }
  // The run before the head: who finds the head looks for a run, and would start another where there is none yet.
  const landing = landStored(asking, key, head, undefined, startRun(answer, asking, key, head, ports), varyNames, ports)
  if (sliceCount(head) > 1) await ports.store.put(key.id, { kind: 'object', head })
  return landing
}

/** RFC 9111 §4.3.5: an answer to HEAD that agrees with the stored one in validator and length refreshes it. */
function bodyConfirmedByHead({ method, stored }: Asking, head: ObjectHead): Uint8Array | undefined {
  const isSame = method === 'HEAD' && stored?.head.etag === head.etag && stored.head.size === head.size
  return isSame ? stored.body : undefined
}

/**
 * Of a small object, which often comes in one piece with its head: then nothing is left to run after. Runs have their memory from
 * a budget until it is stored, and this has not.
 */
function bodyCome({ body }: ObjectAnswer, { size, sliceBytes }: ObjectHead, { store }: LandingPorts) {
  return size <= sliceBytes && !store.isBehind ? body.takeWhole?.(size) : undefined
}

/** Where an answer that has variants is stored, once a marker says which fields tell them apart. */
async function variantPlace(asking: Asking, varyNames: readonly string[], ports: LandingPorts): Promise<CacheKey> {
  await ports.store.put(asking.base.id, {
    kind: 'vary',
    names: varyNames,
    originFingerprint: asking.origin.fingerprint,
  })
  return asking.base.withVariant(variantOf(varyNames, asking.header))
}

function startRun(
  answer: ObjectAnswer,
  asking: Asking,
  key: CacheKey,
  head: ObjectHead,
  { runs }: LandingPorts,
): SliceRun | undefined {
  const { ref, origin, forwarded, timeline } = asking
  const first = Math.ceil(answer.start / head.sliceBytes)
  const end = answer.end ?? head.size
  // An answer that ends sooner than was asked may end within a slice: that one is asked for again.
  const last = (end === head.size ? Math.ceil(end / head.sliceBytes) : Math.floor(end / head.sliceBytes)) - 1
  const running = runs.covering({ key, head, origin }, first)
  if (running !== undefined || first > last) {
    answer.body.cancel()
    return running
  }
  return runs.start({ key, head, ref, origin, forwarded, timeline, first, last, opened: answer })
}

function landStored(
  asking: Asking,
  key: CacheKey,
  head: ObjectHead,
  whole: Uint8Array | undefined,
  run: SliceRun | undefined,
  varyNames: readonly string[],
  ports: LandingPorts,
): Land {
  const variant = varyNames.length === 0 ? '' : variantOf(varyNames, asking.header)
  run?.attach() // for those who wait: they might come too late to keep alive what they waited for
  return {
    give(header: HeaderOf, seat: Seat, timeline): Landing {
      if (varyNames.length > 0 && variantOf(varyNames, header) !== variant) return { kind: 'again' }
      const object = new StoredObject({ ...asking, key, head, whole, run, timeline, isLeader: seat === 'own' }, ports)
      return { kind: 'object', object, how: 'stored', status: head.status }
    },
    done: () => run?.detach(),
    arriving: sliceCount(head) > 1 ? undefined : run?.ended,
    ...(sliceCount(head) === 1 && { supersede: () => run?.storeNothing() }),
  }
}

/** RFC 9111 §4.3.4: the stored answer with its fields refreshed. */
async function landConfirmed(
  answer: NotModified,
  refreshed: StoredAnswer,
  stored: StoredAnswer,
  asking: Asking,
  ports: LandingPorts,
): Promise<Land> {
  const { key } = asking
  if (!confirms(stored.head.headers, answer.headers)) {
    // Confirms another version than the stored one, so it confirms nothing: ask without a condition.
    await ports.store.remove(key.id)
    return { give: () => ({ kind: 'again' }) }
  }
  const { head } = refreshed
  // Whoever purged it meanwhile by a tag that it has lost meant it all the same, and the store could not tell.
  const isOutdated = ports.purges.isOutdated(key.id, stored.head.tags ?? [], head.requestedAt)
  if (!isOutdated) await putOrRemove(key, refreshed, asking, ports)
  const give: Land['give'] = (_header, seat, timeline) => {
    const object = new StoredObject({ ...asking, head, whole: stored.body, timeline, isLeader: seat === 'own' }, ports)
    return { kind: 'object', object, how: 'confirmed', status: 304 }
  }
  return { give }
}

function refreshedHead(stored: ObjectHead, { headers, requestedAt, receivedAt }: NotModified): ObjectHead {
  const { tags: _, ...head } = stored
  const refreshed = refreshedHeaders(stored.headers, headers)
  return { ...head, headers: refreshed, requestedAt, storedAt: receivedAt, ...taggedBy(refreshed) }
}

async function putOrRemove(key: CacheKey, answer: StoredAnswer, asking: Asking, ports: LandingPorts): Promise<void> {
  const { head, body } = answer
  const storing = judgeStoring(
    { status: head.status, headers: head.headers, size: head.size, etag: head.etag },
    asking.policy,
  )
  if (storing.kind === 'refuse') await ports.store.remove(key.id)
  else await ports.store.put(key.id, body === undefined ? { kind: 'object', head } : { kind: 'object', head, body })
}

async function landMissing(head: ObjectHead, asking: Asking, ports: LandingPorts): Promise<Land> {
  const isStored = asking.mayStore && asking.policy.negativeTtlMs > 0
  if (asking.stored !== undefined) await ports.store.remove(asking.key.id)
  if (isStored) await ports.store.put(asking.base.id, { kind: 'object', head })
  return { give: () => ({ kind: 'missing', head, isStored }), ...(!isStored && { outcome: { kind: 'missing', head } }) }
}

function absentHead(answer: Missing, asking: Asking): ObjectHead {
  return { ...headOf({ ...answer, status: 404, headers: [] }, 0, asking), absence: answer.code }
}

interface Said {
  readonly status: number
  readonly headers: HeaderList
  readonly etag?: ObjectHead['etag']
  readonly requestedAt: ObjectHead['requestedAt']
  readonly receivedAt: ObjectHead['storedAt']
}

function headOf(said: Said, size: number, { policy, origin }: Asking): ObjectHead {
  return cutHead(said, size, policy.sliceBytes, origin.fingerprint)
}

function cutHead(said: Said, size: number, sliceBytes: number, originFingerprint: string): ObjectHead {
  const { status, headers, requestedAt, receivedAt: storedAt } = said
  const etag = validatorTag({ etag: said.etag, size, headers, storedAt })
  return { status, etag, size, sliceBytes, headers, requestedAt, storedAt, originFingerprint, ...taggedBy(headers) }
}

function taggedBy(headers: HeaderList): Pick<ObjectHead, 'tags'> {
  const tags = tagsIn(headers)
  return tags.length === 0 ? {} : { tags }
}
