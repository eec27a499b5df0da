/** An opened object, the request's preconditions and its ranges become one response. Decided once, from the head alone. */

import { type ErrorCode, ProxyError } from '../base/errors.ts'
import type { CacheStatus, Trace } from '../base/trace.ts'
import type { ByteRange } from '../base/types.ts'
import { contentRange } from '../http/byte-range.ts'
import { evaluatePreconditions } from '../http/preconditions.ts'
import type { FirstByte, OpenedObject } from '../objects/opened-object.ts'
import type { How, OpenResult } from '../objects/wanted.ts'
import { type CacheStatusFacts, formatCacheStatus } from '../policy/cache-status.ts'
import { type Draft, draft, errorDraft } from './draft.ts'
import type { PlannedRequest } from './plan.ts'
import { type PreparedHead, preparedHead } from './prepared-head.ts'
import type { Routed } from './route.ts'
import { compose, firstRange, select } from './selection.ts'
import type { ServePorts } from './serve.ts'

/** A promise only where the first byte is not at hand. */
export function respond(
  opened: OpenResult,
  planned: PlannedRequest,
  routed: Routed,
  trace: Trace,
  ports: ServePorts,
): Draft | Promise<Draft> {
  if (opened.kind === 'missing') return absent(opened, routed, trace)
  const { object, how } = opened
  // A body that came whole with the answer, and is not read from anywhere.
  if (how.status === 'miss' && trace.asked && object.whole !== undefined) trace.ownBytes = Number.POSITIVE_INFINITY
  const release = () => object.release()
  /** And lets the one who maps errors answer. */
  const giveUp = (error: unknown): never => {
    release()
    throw error
  }
  try {
    const prepared = preparedHead(object.head, routed.route, how.tier !== undefined)
    const { response, range } = decide(object, prepared, routed, trace, ports)
    if (response.body.kind !== 'stream') {
      if (object.isLent && response.body.kind === 'bytes') response.finished = release
      else release()
      return tellOfCache(response, how, prepared, routed, trace)
    }
    const firstByte = object.prepare(range, planned.signal)
    return firstByte.then((from) => tellOfCache(response, asRead(how, from), prepared, routed, trace)).catch(giveUp)
  } catch (error) {
    return giveUp(error)
  }
}

function absent({ code, how }: Extract<OpenResult, { kind: 'missing' }>, routed: Routed, trace: Trace): Draft {
  trace.error = code
  const response = errorDraft(new ProxyError(code, 'the origin has no such object'), routed.request)
  return tellOfCache(response, how, undefined, routed, trace)
}

interface Decision {
  readonly response: Draft
  /** What is sent first of the object, when its bytes are. */
  readonly range: ByteRange
}

const noBytes: ByteRange = { start: 0, end: 0 }

/** RFC 9110 §13.2.2: preconditions first, then the range. */
function decide(
  object: OpenedObject,
  prepared: PreparedHead,
  routed: Routed,
  trace: Trace,
  ports: ServePorts,
): Decision {
  const { request } = routed
  const verdict = evaluatePreconditions(prepared, request)
  if (verdict === 'failed') return { response: refused('PreconditionFailed', routed, trace), range: noBytes }
  if (verdict === 'not-modified') {
    return { response: draft(304, [], { kind: 'empty' }, prepared.notModified), range: noBytes }
  }
  const selection = select(object, prepared, request)
  if (selection.kind === 'unsatisfiable') {
    const response = refused('InvalidRange', routed, trace)
    response.headers.push('Content-Range', contentRange(undefined, object.head.size))
    return { response, range: noBytes }
  }
  const response = compose(object, selection, prepared, ports.boundary, trace)
  if (request.method !== 'HEAD') return { response, range: firstRange(selection, object.head.size) }
  return { response: draft(response.status, response.headers, { kind: 'empty' }, response.block), range: noBytes }
}

function refused(code: ErrorCode, { request }: Routed, trace: Trace): Draft {
  trace.error = code
  return errorDraft(new ProxyError(code, 'the object is not what the request asks for'), request)
}

/** The head came from a tier but the first byte did not: that is a miss of the cache, in part (RFC 9211 §2.2). */
function asRead(how: How, firstByte: FirstByte): How {
  if (how.status !== 'hit' || firstByte === 'tier') return how
  const facts: CacheStatusFacts = { fwd: 'partial', stored: true, ...(firstByte === 'joined' && { collapsed: true }) }
  return { status: 'miss', facts }
}

const shownAs: Record<CacheStatus, string> = {
  hit: 'HIT',
  miss: 'MISS',
  stale: 'STALE',
  revalidated: 'REVALIDATED',
  bypass: 'BYPASS',
}

/** Adds Age, X-Cache and Cache-Status. A bucket that does not cache says nothing of a cache. */
function tellOfCache(
  response: Draft,
  how: How,
  prepared: PreparedHead | undefined,
  { route }: Routed,
  trace: Trace,
): Draft {
  const { headers } = response
  const age = how.ageSeconds === undefined ? prepared?.originAge : String(how.ageSeconds)
  if (age !== undefined) headers.push('Age', age)
  if (prepared?.originCacheStatus !== undefined) headers.push('Cache-Status', prepared.originCacheStatus)
  headers.push('Cache-Status', formatCacheStatus(how.facts))
  if (route.site.policy.enabled) {
    headers.push('X-Cache', shownAs[how.status])
    trace.cache = how.status
  }
  if (how.tier !== undefined) trace.tier = how.tier
  if (how.facts.collapsed === true) trace.collapsed = true
  return response
}
