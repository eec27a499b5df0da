/** What every request for an object goes through, in order. */

import { ProxyError } from '../base/errors.ts'
import type { Trace } from '../base/trace.ts'
import { preflightResponse } from '../http/cors.ts'
import { allowedMethods } from '../http/error-response.ts'
import type { ObjectOpener } from '../objects/open-object.ts'
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

export function createServe(ports: ServePorts) {
  return async function serve(routed: Routed, trace: Trace): Promise<Draft> {
    const { request, key } = routed
    if (request.method === 'OPTIONS') return answerOptions(routed)
    admit(routed)
    trace.key = key
    const planned = new PlannedRequest(routed, ports)
    try {
      for (let isFirst = true; ; isFirst = false) {
        try {
          return await respond(await ports.opener.open(planned), planned, routed, trace, ports)
        } catch (error) {
          // Nothing is sent yet, so the object is opened anew, once.
          if (!(isFirst && error instanceof ProxyError && mayOpenAnew(error, routed.route))) throw error
        }
      }
    } finally {
      planned.headKnown()
    }
  }
}

/** Between its head and its first byte the object was replaced, or the connection broke, which may be tried again or not. */
function mayOpenAnew({ code }: ProxyError, { asksAgain }: Route): boolean {
  return code === 'ObjectChanged' || (code === 'OriginTruncated' && asksAgain)
}

function admit({ request, key }: Routed): void {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    throw new ProxyError('MethodNotAllowed', `method ${request.method} on an object`)
  }
  if (request.hasBody) throw new ProxyError('RequestBodyNotAllowed', `${request.method} with a body`)
  if (key === '') throw new ProxyError('NoSuchKey', 'the path names no object key')
}

async function answerOptions(routed: Routed): Promise<Draft> {
  const { request, route } = routed
  if (route.cors === 'passthrough' && request.header('access-control-request-method') !== undefined) {
    return await passPreflight(routed)
  }
  const preflight = typeof route.cors === 'object' ? preflightResponse(route.cors, request) : undefined
  if (preflight !== undefined) return draft(preflight.status, [...preflight.headers], preflight.body)
  return draft(204, ['Allow', allowedMethods], { kind: 'empty' })
}
