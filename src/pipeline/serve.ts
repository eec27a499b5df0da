/** What every request for an object goes through, in order. */

import { ProxyError } from '../base/errors.ts'
import type { Trace } from '../base/trace.ts'
import { corsHeaders, preflightResponse } from '../http/cors.ts'
import { allowedMethods } from '../http/error-response.ts'
import type { ObjectOpener } from '../objects/open-object.ts'
import { admit, admitUser, authenticate } from './admission.ts'
import { type Draft, draft } from './draft.ts'
import { passPreflight } from './pass-preflight.ts'
import { PlannedRequest, type WaitLimits } from './plan.ts'
import { respond } from './respond.ts'
import type { Route, Routed } from './route.ts'

export interface ServePorts extends WaitLimits {
  readonly opener: ObjectOpener
  /** A fresh separator for multipart bodies. */
  boundary(): string
}

/** Waits only for what takes time: of most requests that is nothing but the look into the cache. */
export function createServe(ports: ServePorts) {
  return async function serve(routed: Routed, trace: Trace): Promise<Draft> {
    trace.key = routed.key
    const admission = admit(routed, trace)
    if (admission !== undefined) await admission
    if (routed.request.method === 'OPTIONS') return answerOptions(routed, trace)
    expectRead(routed)
    const identified = authenticate(routed, trace)
    const caller = identified instanceof Promise ? await identified : identified
    const allowed = routed.route.admission.authorizer.authorize(caller)
    const userAdmission = admitUser(routed, caller, trace)
    if (userAdmission !== undefined) await userAdmission
    expectKey(routed)
    return answer(new PlannedRequest(routed, allowed, trace, ports), routed, trace, ports)
  }
}

async function answer(planned: PlannedRequest, routed: Routed, trace: Trace, ports: ServePorts): Promise<Draft> {
  // What an answer would say, should there be none.
  if (routed.route.site.policy.enabled) trace.cache = planned.mayStore ? 'miss' : 'bypass'
  try {
    for (let isFirst = true; ; isFirst = false) {
      try {
        const response = respond(await ports.opener.open(planned), planned, routed, trace, ports)
        return response instanceof Promise ? await response : response
      } catch (error) {
        // Nothing is sent yet, so the object is opened anew, once.
        if (!isFirst || !mayOpenAnew(error, routed.route)) throw error
      }
    }
  } finally {
    planned.headKnown()
  }
}

/** Between its head and its first byte the object was replaced, or the connection broke, which may be tried again or not. */
function mayOpenAnew(error: unknown, { asksAgain }: Route): boolean {
  if (!(error instanceof ProxyError)) return false
  return error.code === 'ObjectChanged' || (error.code === 'OriginTruncated' && asksAgain)
}

function expectRead({ request }: Routed): void {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    throw new ProxyError('MethodNotAllowed', `method ${request.method} on an object`)
  }
  if (request.hasBody) throw new ProxyError('RequestBodyNotAllowed', `${request.method} with a body`)
}

function expectKey({ key }: Routed): void {
  if (key === '') throw new ProxyError('NoSuchKey', 'the path names no object key')
}

async function answerOptions(routed: Routed, trace: Trace): Promise<Draft> {
  const { request, route } = routed
  const { cors } = route
  if (cors === 'passthrough' && request.header('access-control-request-method') !== undefined) {
    expectKey(routed)
    return await passPreflight(routed, trace)
  }
  const rule = typeof cors === 'object' ? cors : undefined
  const preflight = rule && preflightResponse(rule, request)
  if (preflight !== undefined) return draft(preflight.status, [...preflight.headers], preflight.body)
  const shared = rule === undefined ? [] : corsHeaders(rule, request.header('origin'))
  return draft(204, ['Allow', allowedMethods, ...shared], { kind: 'empty' })
}
