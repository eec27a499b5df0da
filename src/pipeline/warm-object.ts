/** Brings one object into the cache as a request for it would, with nobody there to read it. */

import { allowOperator } from '../access/authorizer.ts'
import { ProxyError } from '../base/errors.ts'
import type { Random } from '../base/random.ts'
import { createTrace } from '../base/trace.ts'
import type { ByteRange } from '../base/types.ts'
import type { ProxyRequest } from '../http/messages.ts'
import type { ObjectOpener } from '../objects/open-object.ts'
import type { OpenedObject } from '../objects/opened-object.ts'
import type { OpenResult } from '../objects/wanted.ts'
import { noDirectives, type RequestDirectives } from '../policy/request-directives.ts'
import type { Warmed } from '../warming/warm-jobs.ts'
import { internalRequest } from './internal-request.ts'
import { PlannedRequest, type WaitLimits } from './plan.ts'
import type { Route } from './route.ts'

export interface WarmerPorts extends WaitLimits {
  readonly opener: ObjectOpener
  readonly random: Random
}

/**
 * Of an object whose answers vary: the one for a request without fields. Rejects as opening and reading do, and with
 * `OriginError` when the origin fails to confirm what it has to confirm.
 */
export type Warmer = (route: Route, key: string, signal: AbortSignal) => Promise<Warmed>

export function createWarmer(ports: WarmerPorts): Warmer {
  async function warmOnce(route: Route, key: string, signal: AbortSignal): Promise<Warmed> {
    const request = requestOfNobody(ports, signal)
    const planned = new WarmingRequest({ request, route, key }, allowOperator(), createTrace(), ports)
    try {
      const opened = await ports.opener.open(planned)
      return opened.kind === 'missing' ? { kind: 'missing' } : await warmOpened(opened, planned, signal)
    } finally {
      planned.headKnown()
    }
  }

  return async (route, key, signal) => {
    if (!route.site.policy.enabled) return { kind: 'not-stored' }
    try {
      return await warmOnce(route, key, signal)
    } catch (error) {
      if (!isChanged(error)) throw error
      return await warmOnce(route, key, signal) // the new version, once: what changes all the time is not worth more
    }
  }
}

type Opened = Extract<OpenResult, { kind: 'object' }>

class WarmingRequest extends PlannedRequest {
  /** Of any age, but not stale: stale, it would be confirmed behind an answer that nobody reads. */
  override readonly directives: RequestDirectives = { ...noDirectives, maxAgeMs: Number.POSITIVE_INFINITY }
}

function isChanged(error: unknown): boolean {
  return error instanceof ProxyError && error.code === 'ObjectChanged'
}

async function warmOpened({ object, how }: Opened, planned: PlannedRequest, signal: AbortSignal): Promise<Warmed> {
  try {
    if (object.isPassing) return { kind: 'not-stored' }
    if (how.status === 'stale') throw new ProxyError('OriginError', 'the origin fails to confirm a stale object')
    const bytes = await readMissing(object, planned, signal)
    if (how.status === 'hit') return bytes === 0 ? { kind: 'fresh' } : { kind: 'fetched', bytes }
    return { kind: 'fetched', bytes: how.status === 'miss' ? bytes + (object.whole?.length ?? 0) : bytes }
  } finally {
    object.release()
  }
}

/**
 * Reads slice by slice, each to its end before the next, so that all are stored and no more than one is held here. Returns
 * how many bytes were not in any tier.
 */
async function readMissing(object: OpenedObject, planned: PlannedRequest, signal: AbortSignal): Promise<number> {
  if (object.whole !== undefined) return 0
  let missing = 0
  for (const slice of slicesOf(object)) {
    // To the object's end, though it is read to the slice's: a run that is started here should go on.
    const wait = slice.start === 0 ? planned.signal : signal
    const from = await object.prepare({ start: slice.start, end: object.head.size }, wait)
    planned.headKnown()
    for await (const piece of object.read(slice, signal)) if (from !== 'tier') missing += piece.length
  }
  return missing
}

function* slicesOf({ head: { size, sliceBytes } }: OpenedObject): Generator<ByteRange> {
  for (let start = 0; start < size; start += sliceBytes) yield { start, end: Math.min(size, start + sliceBytes) }
}

function requestOfNobody({ clock, random }: WarmerPorts, signal: AbortSignal): ProxyRequest {
  const ask = { id: random.requestId(), receivedAt: clock.now(), clientAddress: '', signal }
  return internalRequest({ ...ask, method: 'GET', host: '', path: '/', query: '', headers: [] })
}
