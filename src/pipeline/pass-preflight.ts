import { ProxyError } from '../base/errors.ts'
import type { Trace } from '../base/trace.ts'
import { passingObject } from '../objects/landing.ts'
import { type Draft, draft } from './draft.ts'
import { forwardedHeaders } from './forwarding.ts'
import type { Routed } from './route.ts'
import { streamed } from './selection.ts'

export const preflightFields = ['origin', 'access-control-request-method', 'access-control-request-headers']

/** A CORS preflight for a bucket whose origin answers them itself. Never cached: it costs the origin little and the browser keeps it. */
export async function passPreflight({ request, route, key }: Routed, { timeline }: Trace): Promise<Draft> {
  const ref = { bucket: route.name, key, query: '' }
  const headers = forwardedHeaders(request, preflightFields)
  const answer = await route.site.origin.ask(ref, { method: 'OPTIONS', headers, timeline, signal: request.signal })
  if (answer.kind === 'missing') throw new ProxyError(answer.code, 'a preflight for what is not there')
  if (answer.kind !== 'object')
    throw new ProxyError('OriginMalformed', `origin answered '${answer.kind}' to a preflight`)
  const object = passingObject(answer)
  const { status, size, headers: fields } = object.head
  const end = size === -1 ? Number.POSITIVE_INFINITY : size
  const body = streamed(object, end, (signal) => object.read({ start: 0, end }, signal))
  return draft(status, size === -1 ? [...fields] : [...fields, 'Content-Length', String(size)], body)
}
