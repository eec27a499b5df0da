import type { Handler, ProxyRequest, ProxyResponse } from '../http/messages.ts'
import { pageDraft } from './draft.ts'
import { answerSystem } from './system-endpoints.ts'

/** What is scraped: all metrics as text, in this format. */
export interface MetricsText {
  readonly contentType: string
  metrics(): Promise<string>
}

/** The metrics listener: /metrics, /health and /ready, and nothing else. */
export function createMetricsHandler(
  registry: MetricsText,
  system: (request: ProxyRequest) => ProxyResponse | undefined,
): Handler {
  return async function handle(request) {
    if (request.path === '/metrics' && (request.method === 'GET' || request.method === 'HEAD')) {
      return pageDraft(200, registry.contentType, await registry.metrics())
    }
    return answerSystem(request, system)
  }
}
