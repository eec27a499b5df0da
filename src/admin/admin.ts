/** Everything under `/admin`: who asks, what for, and whether it is theirs, in this order. */

import { Abandoned, ProxyError } from '../base/errors.ts'
import type { Trace } from '../base/trace.ts'
import { errorResponse } from '../http/error-response.ts'
import type { Handler, ProxyRequest, ProxyResponse } from '../http/messages.ts'
import { auditable } from './audited.ts'
import type { Action, Resource } from './call.ts'
import { entryResources } from './entries.ts'
import { explainResources } from './explain.ts'
import { identify } from './gate.ts'
import { limitResources } from './limits.ts'
import { overviewResources } from './overview.ts'
import type { AdminPorts } from './ports.ts'
import { purgeResources } from './purge.ts'
import { statsResources } from './stats.ts'
import { warmResources } from './warm.ts'

/** `path`: as it was sent. Other spellings of it lead nowhere. */
export function isAdminPath(path: string): boolean {
  return path.startsWith('/admin') && (path.length === '/admin'.length || path['/admin'.length] === '/')
}

/** Every call ends with a response, and with its `action` on the trace. */
export function createAdmin(ports: AdminPorts): Handler {
  const resources = [
    ...purgeResources(ports),
    ...statsResources(ports),
    ...entryResources(ports),
    ...warmResources(ports),
    ...explainResources(ports),
    ...overviewResources(ports),
    ...limitResources(ports),
  ]
  return async function administer(request, trace) {
    const response = await run(request, trace, resources, ports).catch((error) => failed(error, request, trace))
    return { ...response, headers: [...response.headers, 'X-Correlation-ID', request.id] }
  }
}

async function run(
  request: ProxyRequest,
  trace: Trace,
  resources: readonly Resource[],
  { access }: AdminPorts,
): Promise<ProxyResponse> {
  const resource = resources.find(({ path }) => leadsTo(path, request.path))
  const action = resource?.actions.get(request.method === 'HEAD' ? 'GET' : request.method)
  const note = noteOn(trace, action, request)
  const administrator = await identify(request, access, trace)
  if (resource === undefined) throw new ProxyError('NoSuchCall', 'nothing of the administration is here')
  const rest = request.path.slice(resource.path.length)
  resource.expect(administrator, rest)
  if (action === undefined) throw new ProxyError('MethodNotAllowed', 'another method', { fields: allow(resource) })
  return action.run({ request, administrator, rest, note })
}

function leadsTo(path: string, requested: string): boolean {
  return path.endsWith('/') ? requested.startsWith(path) : requested === path
}

function allow({ actions }: Resource): readonly string[] {
  return ['Allow', [...actions.keys()].flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ')]
}

/** From the start: who is turned away has tried something, too. */
function noteOn(trace: Trace, action: Action | undefined, request: ProxyRequest) {
  const name = action?.name ?? 'unknown'
  let parameters: Readonly<Record<string, unknown>> = {}
  const note = (more: Readonly<Record<string, unknown>>) => {
    parameters = { ...parameters, ...auditable(more) }
    trace.action = { name, parameters }
  }
  note({ method: request.method, path: request.path })
  return note
}

/** The one place where a failure becomes a response. */
function failed(error: unknown, request: ProxyRequest, trace: Trace): ProxyResponse {
  // Nobody is there to read it; the status is what the log says, as nginx does.
  if (error instanceof Abandoned) return { status: 499, headers: [], body: { kind: 'empty' } }
  const known =
    error instanceof ProxyError ? error : new ProxyError('InternalError', 'unexpected failure', { cause: error })
  trace.error = known.code
  if (known.status >= 500) trace.errorDetail = known
  return errorResponse(known, { id: request.id, accept: request.header('accept') })
}
