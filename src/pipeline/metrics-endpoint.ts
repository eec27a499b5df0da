import { ProxyError } from '../base/errors.ts'
import type { Handler, ProxyRequest, ProxyResponse } from '../http/messages.ts'
import { errorDraft, pageDraft } from './draft.ts'

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
    try {
      return system(request) ?? notFound(request)
    } catch (error) {
      if (error instanceof ProxyError) return errorDraft(error, request) // translated: it has its own text
      throw error
    }
  }
}

function notFound(request: ProxyRequest): ProxyResponse {
  return errorDraft(new ProxyError('NoSuchRoute', 'nothing at this path'), request)
}
