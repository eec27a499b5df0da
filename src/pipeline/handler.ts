/** From any request on the public listener to a response; whatever goes wrong inside becomes one too. */

import { Abandoned, ProxyError } from '../base/errors.ts'
import type { Trace } from '../base/trace.ts'
import { corsHeaders } from '../http/cors.ts'
import type { Handler, ProxyRequest, ProxyResponse } from '../http/messages.ts'
import type { Release, Slots } from '../limits/concurrency.ts'
import { decodePath, type RouteTable } from '../routing/routes.ts'
import { type Draft, draft, errorDraft } from './draft.ts'
import type { Route, Routed } from './route.ts'

export interface HandlerPorts {
  readonly routes: RouteTable<Route>
  serve(routed: Routed, trace: Trace): Promise<Draft>
  /** Taken by requests that found their route, until their last byte is out. Absent: there is no bound. */
  readonly slots?: Slots | undefined
  /** Answers what is for the administration; undefined: it is not. Absent: there is none. */
  administer?: ((request: ProxyRequest, trace: Trace) => Promise<ProxyResponse> | undefined) | undefined
  /** Answers paths that belong to the proxy itself. */
  system(request: ProxyRequest): Draft | undefined
}

export function createHandler({ routes, serve, slots, system, administer }: HandlerPorts): Handler {
  return async function handle(request, trace) {
    const administered = administer?.(request, trace)
    if (administered !== undefined) return administered
    let cors: Route['cors']
    let response: Draft
    let release: Release | undefined
    let isFailure = false
    try {
      const own = system(request)
      if (own === undefined) {
        const routed = route(request, routes)
        trace.bucket = routed.route.name
        cors = routed.route.cors
        const slot = slots?.take(routed.route.name, request)
        release = slot instanceof Promise ? await queued(slot, trace) : slot
        response = await serve(routed, trace)
      } else {
        response = own
      }
    } catch (error) {
      response = failed(error, request, trace)
      isFailure = true
    }
    // What a bucket says on its responses, it says on errors too. Who answers OPTIONS has said it already.
    if (typeof cors === 'object' && (isFailure || request.method !== 'OPTIONS')) {
      response.headers.push(...corsHeaders(cors, request.header('origin')))
    }
    response.headers.push('X-Correlation-ID', request.id)
    if (release !== undefined) response.finished = both(response.finished, release)
    return response
  }
}

function both(one: (() => void) | undefined, other: () => void): () => void {
  if (one === undefined) return other
  return () => {
    one()
    other()
  }
}

async function queued(slot: Promise<Release>, { timeline }: Trace): Promise<Release> {
  const step = timeline?.begin('queue')
  const release = await slot
  step?.end()
  return release
}

function route(request: ProxyRequest, routes: RouteTable<Route>): Routed {
  const match = routes.match(request.host, decodePath(request.path))
  if (match === undefined) throw new ProxyError('NoSuchRoute', 'no bucket is served at this path')
  return { request, route: match.route, key: match.key }
}

/** The one place where a failure becomes a response. */
function failed(error: unknown, request: ProxyRequest, trace: Trace): Draft {
  // Nobody is there to read it; the status is what the log says, as nginx does.
  if (error instanceof Abandoned) return draft(499, [], { kind: 'empty' })
  const known =
    error instanceof ProxyError ? error : new ProxyError('InternalError', 'unexpected failure', { cause: error })
  trace.error = known.code
  // Words about each request that is one too many would be work for a proxy that has too much of it.
  if (known.status >= 500 && known.code !== 'Overloaded') trace.errorDetail = known
  return errorDraft(known, request)
}
