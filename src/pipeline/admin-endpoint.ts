import type { Trace } from '../base/trace.ts'
import type { Handler, ProxyRequest, ProxyResponse } from '../http/messages.ts'
import { answerSystem } from './system-endpoints.ts'

/** The listener of administrators: /admin, /health and /ready, and nothing else. */
export function createAdminHandler(
  administer: (request: ProxyRequest, trace: Trace) => Promise<ProxyResponse> | undefined,
  system: (request: ProxyRequest) => ProxyResponse | undefined,
): Handler {
  return async (request, trace) => administer(request, trace) ?? answerSystem(request, system)
}
